using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>What opens every request: which API, in which version, and the number its response will carry.</summary>
/// <remarks>
/// The client id keeps the old string form even in header version 2, because a broker must be able to read it before
/// it knows whether the version exists.
/// </remarks>
public readonly record struct RequestHeader(ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId)
{
    /// <summary>
    /// Reads the header up to the message. Where the schemas do not know the version, nothing more can be read than
    /// the client id: the caller answers or closes by the header alone.
    /// </summary>
    public static RequestHeader Read(ref ProtocolReader r)
    {
        var header = new RequestHeader(
            (ApiKey)r.ReadInt16(), r.ReadInt16(), r.ReadInt32(), r.ReadNullableString(compact: false));
        if (header.IsKnown && ApiTable.IsFlexible(header.ApiKey, header.ApiVersion))
        {
            r.SkipTags();
        }

        return header;
    }

    /// <summary>Whether the schemas have this version, unstable ones included.</summary>
    public bool IsKnown =>
        ApiVersion >= ApiTable.Lowest(ApiKey) && ApiVersion <= ApiTable.HighestUnstable(ApiKey);

    internal void Write(ref ProtocolWriter w)
    {
        w.WriteInt16((short)ApiKey);
        w.WriteInt16(ApiVersion);
        w.WriteInt32(CorrelationId);
        w.WriteString(ClientId, compact: false, nullable: true);
        if (ApiTable.IsFlexible(ApiKey, ApiVersion))
        {
            w.WriteUnsignedVarint(0);
        }
    }

    internal int Size()
    {
        var w = ProtocolWriter.Counting();
        Write(ref w);
        return w.Position;
    }
}

/// <summary>
/// Frames as they pass over a connection: an int32 length, a header, a message. Written sizes include the length.
/// The bytes that a file slice stands for count in the length but not in the buffer.
/// </summary>
public static class Frames
{
    public const int LengthBytes = sizeof(int);

    /// <summary>
    /// ApiVersions answers always have the old header: a client that does not know the broker's versions yet could
    /// not tell the two apart (KIP-511).
    /// </summary>
    public static bool HasTaggedResponseHeader(ApiKey key, short version) =>
        key != ApiKey.ApiVersions && ApiTable.IsFlexible(key, version);

    // Requests

    /// <summary>Bytes of a whole request frame, its length included.</summary>
    public static MessageSize RequestSize(in RequestHeader header, IMessage request)
    {
        var message = request.Size(header.ApiVersion);
        var before = LengthBytes + header.Size();
        return new MessageSize(message.Total + before, message.InMemory + before);
    }

    /// <summary>Writes a whole request frame; the buffer holds <see cref="RequestSize"/> in memory.</summary>
    public static void WriteRequest(
        Span<byte> buffer, in RequestHeader header, IMessage request, MessageSize size, List<FrameGap> gaps)
    {
        var w = new ProtocolWriter(buffer, gaps);
        w.WriteInt32(size.Total - LengthBytes);
        header.Write(ref w);
        request.Write(ref w, header.ApiVersion);
        Invariant.Check(w.Position == size.InMemory);
    }

    /// <summary>A whole request frame in an array of its own.</summary>
    public static byte[] Request(in RequestHeader header, IMessage request)
    {
        var size = RequestSize(header, request);
        var frame = new byte[size.InMemory];
        WriteRequest(frame, header, request, size, NoGaps(size));
        return frame;
    }

    // Responses

    /// <summary>Bytes of a whole response frame, its length included.</summary>
    public static MessageSize ResponseSize(ApiKey key, short version, IMessage response)
    {
        var message = response.Size(version);
        var before = LengthBytes + sizeof(int) + (HasTaggedResponseHeader(key, version) ? 1 : 0);
        return new MessageSize(message.Total + before, message.InMemory + before);
    }

    /// <summary>
    /// Writes a whole response frame; the buffer holds <see cref="ResponseSize"/> in memory. The request's header says
    /// in which version to answer: an ApiVersions request of an unknown version is answered with version 0 in it.
    /// </summary>
    public static void WriteResponse(
        Span<byte> buffer, in RequestHeader header, IMessage response, MessageSize size, List<FrameGap> gaps)
    {
        var w = new ProtocolWriter(buffer, gaps);
        w.WriteInt32(size.Total - LengthBytes);
        w.WriteInt32(header.CorrelationId);
        if (HasTaggedResponseHeader(header.ApiKey, header.ApiVersion))
        {
            w.WriteUnsignedVarint(0);
        }

        response.Write(ref w, header.ApiVersion);
        Invariant.Check(w.Position == size.InMemory);
    }

    /// <summary>A whole response frame in an array of its own.</summary>
    public static byte[] Response(in RequestHeader header, IMessage response)
    {
        var size = ResponseSize(header.ApiKey, header.ApiVersion, response);
        var frame = new byte[size.InMemory];
        WriteResponse(frame, header, response, size, NoGaps(size));
        return frame;
    }

    /// <summary>Reads a response's header, the length already taken off, up to the message.</summary>
    public static int ReadResponseHeader(ref ProtocolReader r, ApiKey key, short version)
    {
        var correlationId = r.ReadInt32();
        if (HasTaggedResponseHeader(key, version))
        {
            r.SkipTags();
        }

        return correlationId;
    }

    /// <summary>Reads a whole response, the length already taken off; null where its bytes are not one.</summary>
    public static IMessage? ReadResponse(Memory<byte> frame, ApiKey key, short version, out int correlationId)
    {
        var r = new ProtocolReader(frame);
        correlationId = ReadResponseHeader(ref r, key, version);
        var response = ApiTable.NewResponse(key);
        response?.Read(ref r, version);
        return r.Failed ? null : response;
    }

    // Messages alone

    /// <summary>A message without any header, as record values and tests want it.</summary>
    public static byte[] ToArray(IMessage message, short version)
    {
        var size = message.Size(version);
        var bytes = new byte[size.InMemory];
        var w = new ProtocolWriter(bytes, NoGaps(size));
        message.Write(ref w, version);
        Invariant.Check(w.Position == size.InMemory);
        return bytes;
    }

    /// <summary>
    /// An int16 and then the message: the version before a coordinator's value or the consumer protocol's messages,
    /// the record's number before a coordinator's key.
    /// </summary>
    public static byte[] ToPrefixedArray(short prefix, IMessage message, short version)
    {
        var size = message.Size(version);
        Invariant.Check(size.Total == size.InMemory);
        var bytes = new byte[sizeof(short) + size.InMemory];
        BinaryPrimitives.WriteInt16BigEndian(bytes, prefix);
        var w = new ProtocolWriter(bytes.AsSpan(sizeof(short)));
        message.Write(ref w, version);
        Invariant.Check(w.Position == size.InMemory);
        return bytes;
    }

    /// <summary>A message after its own version.</summary>
    public static byte[] ToVersionedArray(IMessage message, short version) =>
        ToPrefixedArray(version, message, version);

    /// <summary>A coordinator's key: the record's number and then the key in its only version.</summary>
    public static byte[] ToKeyArray(ICoordinatorKey key) => ToPrefixedArray(key.Number, key, 0);

    /// <summary>Reads one message of this version; false where the bytes are not one.</summary>
    public static bool TryRead(Memory<byte> bytes, IMessage message, short version)
    {
        var r = new ProtocolReader(bytes);
        message.Read(ref r, version);
        return !r.Failed;
    }

    /// <summary>Slices make gaps; a caller that wants one array has none, and hands in no list to prove it.</summary>
    private static List<FrameGap> NoGaps(MessageSize size)
    {
        Invariant.Check(size.Total == size.InMemory);
        return [];
    }
}
