namespace Deterministic.Protocol;

/// <summary>
/// A message as the schemas generate it: a class with a property for each field, that reads and writes itself in
/// any of its versions. Fields that a version does not have keep their defaults when read and are not written.
/// </summary>
public interface IMessage
{
    /// <summary>Fills a new message. A peer's nonsense ends as <see cref="ProtocolReader.Failed"/>.</summary>
    void Read(ref ProtocolReader r, short version);

    /// <summary>Writes exactly as many bytes as <see cref="Size"/> has said.</summary>
    void Write(ref ProtocolWriter w, short version);

    MessageSize Size(short version);
}

public interface IRequest : IMessage
{
    ApiKey ApiKey { get; }
}

public interface IResponse : IMessage
{
    ApiKey ApiKey { get; }
}

/// <summary>A record of the metadata log.</summary>
public interface IMetadataRecord : IMessage
{
    /// <summary>The record's type, which stands before its version in the frame.</summary>
    short Number { get; }
}

/// <summary>The key of a record in <c>__consumer_offsets</c> and its like; the number is its kind.</summary>
public interface ICoordinatorKey : IMessage
{
    short Number { get; }
}
