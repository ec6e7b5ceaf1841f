using System;
using System.Buffers.Binary;
using Deterministic.Protocol;

namespace Deterministic.Broker.Coordinators;

/// <summary>
/// One record of a coordinator's log, as Kafka frames it: the key is its type and then its fields, the value its
/// version
/// and then its fields; no value at all is a tombstone.
/// </summary>
public sealed class CoordinatorRecord
{
    public CoordinatorRecord(short type, IMessage key, short valueVersion, IMessage? value)
    {
        Type = type;
        Key = key;
        ValueVersion = valueVersion;
        Value = value;
    }

    /// <summary>The record type, first two bytes of the key.</summary>
    public short Type { get; }

    public IMessage Key { get; }

    /// <summary>The version in which the value is written. Meaningless for a tombstone.</summary>
    public short ValueVersion { get; }

    /// <summary>Null is a tombstone.</summary>
    public IMessage? Value { get; }

    public static CoordinatorRecord Tombstone(short type, IMessage key) => new(type, key, 0, null);

    /// <summary>The key's bytes. Keys of all types have but one version, 0.</summary>
    public byte[] KeyBytes() => Frame(Type, Key, 0);

    /// <summary>The value's bytes; null for a tombstone.</summary>
    public byte[]? ValueBytes() => Value is null ? null : Frame(ValueVersion, Value, ValueVersion);

    public override string ToString() => Value is null ? $"{Key} -> tombstone" : $"{Key} -> {Value}";

    /// <summary>Reads the message behind the two leading bytes; false where the bytes are no such message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, short version, IMessage into)
    {
        var copy = bytes[sizeof(short)..].ToArray();
        var reader = new ProtocolReader(copy);
        into.Read(ref reader, version);
        return !reader.Failed;
    }

    /// <summary>
    /// The two leading bytes: a key's type, a value's version. False where there are not even these.
    /// </summary>
    public static bool TryReadPrefix(ReadOnlySpan<byte> bytes, out short prefix)
    {
        prefix = 0;
        return BinaryPrimitives.TryReadInt16BigEndian(bytes, out prefix);
    }

    private static byte[] Frame(short prefix, IMessage message, short version)
    {
        var size = message.Size(version);
        var bytes = new byte[sizeof(short) + size.InMemory];
        BinaryPrimitives.WriteInt16BigEndian(bytes, prefix);
        var writer = new ProtocolWriter(bytes.AsSpan(sizeof(short)));
        message.Write(ref writer, version);
        return bytes;
    }
}
