using System;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>
/// Records of the metadata log: a frame version, the record's number, its version, and then the message, the first
/// three as unsigned varints. A number or version that a node does not know is fatal for it, because what it would
/// skip may be what it must obey: feature levels keep such records from being written too early.
/// </summary>
public static class MetadataRecords
{
    /// <summary>The only frame version there is.</summary>
    public const uint FrameVersion = 1;

    /// <summary>An empty record of this number, or null where there is none.</summary>
    public static IMetadataRecord? New(short apiKey) => MetadataRecordTable.New(apiKey);

    /// <summary>The lowest version of a record, or -1 where the number means none.</summary>
    public static short Lowest(short apiKey) => MetadataRecordTable.Lowest(apiKey);

    /// <summary>The highest version of a record, or -2 where the number means none.</summary>
    public static short Highest(short apiKey) => MetadataRecordTable.Highest(apiKey);

    public static int Size(IMetadataRecord record, short version)
    {
        var w = ProtocolWriter.Counting();
        Write(ref w, record, version);
        return w.Position;
    }

    /// <summary>A record's value as the log holds it.</summary>
    public static byte[] ToArray(IMetadataRecord record, short version)
    {
        var bytes = new byte[Size(record, version)];
        Write(bytes, record, version);
        return bytes;
    }

    /// <summary>Writes a record's value; the buffer holds <see cref="Size"/> bytes.</summary>
    public static void Write(Span<byte> buffer, IMetadataRecord record, short version)
    {
        var w = new ProtocolWriter(buffer);
        Write(ref w, record, version);
        Invariant.Check(w.Position == buffer.Length);
    }

    /// <summary>Reads a record's value; null where it is not one that this node knows.</summary>
    public static IMetadataRecord? Read(ReadOnlyMemory<byte> value, out short version)
    {
        var r = new ProtocolReader(value);
        var frameVersion = r.ReadUnsignedVarint();
        var number = r.ReadUnsignedVarint();
        var recordVersion = r.ReadUnsignedVarint();
        version = (short)Math.Min(recordVersion, (uint)short.MaxValue);
        if (r.Failed || frameVersion != FrameVersion || number > (uint)short.MaxValue)
        {
            return null;
        }

        var record = New((short)number);
        if (record is null || version < Lowest(record.Number) || version > Highest(record.Number))
        {
            return null;
        }

        record.Read(ref r, version);
        return r.Failed || r.Remaining != 0 ? null : record;
    }

    private static void Write(ref ProtocolWriter w, IMetadataRecord record, short version)
    {
        w.WriteUnsignedVarint(FrameVersion);
        w.WriteUnsignedVarint((uint)record.Number);
        w.WriteUnsignedVarint((uint)version);
        record.Write(ref w, version);
    }
}
