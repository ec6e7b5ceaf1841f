using System;
using System.Collections.Generic;

namespace Deterministic.Broker.Raft;

/// <summary>The leader of the metadata quorum, as the controller sees it.</summary>
public interface IMetadataProposer
{
    /// <summary>The offset that the first record of the next proposal gets.</summary>
    long NextOffset { get; }

    /// <summary>
    /// Appends the records as one atomic batch. <paramref name="whenCommitted"/> is called when they are committed and
    /// replayed, <paramref name="whenLost"/> when this node ceased to lead before: then a later leader may yet commit
    /// them, or not. One of the two, in the order of the proposals; neither where the node stops or loses its disk.
    /// </summary>
    void Propose(List<MetadataRecord> records, Action whenCommitted, Action? whenLost = null);
}

/// <summary>Who is given committed records, one after the other.</summary>
public interface IMetadataReplay
{
    /// <summary>Applies one committed record; false where it cannot follow what came before.</summary>
    bool Replay(in MetadataRecord record, long offset);

    /// <summary>The quorum's own feature level, which control records carry.</summary>
    void SetKRaftVersion(short level);
}

/// <summary>What folds committed records into state: the image.</summary>
public interface IMetadataStateMachine : IMetadataReplay
{
    /// <summary>Between two records that count only together: no snapshot can be taken here.</summary>
    bool IsInTransaction { get; }

    /// <summary>
    /// Records that make the state as it is now. They are made one by one as they are asked for, and say the same whatever is
    /// replayed meanwhile.
    /// </summary>
    IEnumerator<MetadataRecord> Freeze();

    /// <summary>An empty one, to be filled from a snapshot.</summary>
    IMetadataStateMachine Fresh();

    /// <summary>Becomes what one made by <see cref="Fresh"/> is, and tells whoever has to act of every difference.</summary>
    void BecomeLike(IMetadataStateMachine loaded);
}

/// <summary>Who acts on it when the leadership of the metadata quorum moves.</summary>
public interface IQuorumListener
{
    /// <summary>Another node leads, or nobody is known to.</summary>
    void LeaderChanged();

    /// <summary>This node leads; everything before its epoch is committed and replayed: it may propose.</summary>
    void BecameActive();

    /// <summary>It was active and leads no more; told before the proposals under way are lost.</summary>
    void Resigned();
}
