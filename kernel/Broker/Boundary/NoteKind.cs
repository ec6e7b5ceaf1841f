namespace Deterministic.Broker.Boundary;

/// <summary>
/// What a note tells. The comment gives subject, a and b. The real runtime turns notes into log lines and metrics,
/// the simulator into lanes of its trace; add kinds freely, they never change behaviour.
/// </summary>
public enum NoteKind : byte
{
    /// <summary>The node serves. Subject: cluster id. a: partitions. b: microseconds since Started.</summary>
    Ready,

    /// <summary>Progress of a long start. Subject: what is being recovered. a: done. b: of how many.</summary>
    Recovering,

    /// <summary>
    /// A log cut off a damaged or unflushed tail. Subject: topic-partition. a: bytes cut. b: log end offset after it.
    /// </summary>
    TailTruncated,

    /// <summary>
    /// A segment was rolled. Subject: topic-partition. a: base offset of the new one. b: bytes of the old one.
    /// </summary>
    SegmentRolled,

    /// <summary>Segments were deleted. Subject: topic-partition. a: log start offset. b: bytes.</summary>
    SegmentsDeleted,

    /// <summary>A batch was appended. Subject: topic-partition. a: bytes. b: records.</summary>
    Produced,

    /// <summary>Bytes were answered to a fetch. Subject: topic-partition. a: bytes. b: high watermark.</summary>
    Fetched,

    /// <summary>
    /// A request was answered. Subject: the API. a: microseconds from its arrival. b: error code, 0 where none.
    /// </summary>
    Answered,

    /// <summary>A connection was refused or closed for what it sent. Subject: why. a: connection.</summary>
    PeerAtFault,

    /// <summary>A topic was created. Subject: its name. a: partitions.</summary>
    TopicCreated,

    /// <summary>A topic was deleted. Subject: its name.</summary>
    TopicDeleted,

    /// <summary>A configuration changed. Subject: the resource.</summary>
    ConfigChanged,

    /// <summary>A group changed its state. Subject: group id. a: generation. b: members.</summary>
    GroupChanged,

    /// <summary>
    /// The file did not say what it should and was put aside, rebuilt or ignored. Subject: path and reason.
    /// </summary>
    FileDamaged,

    /// <summary>Something an operator should read. Subject: the sentence.</summary>
    Warning,

    /// <summary>Something an operator may want to read. Subject: the sentence.</summary>
    Remark,
}
