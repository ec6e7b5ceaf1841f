using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>
/// Writes Kafka's primitive types into a buffer that is large enough, because the message's size was asked before.
/// Records that are slices of a file are not copied: their length is written and a gap is noted.
/// Null is written as empty in a version that does not know null.
/// </summary>
public ref struct ProtocolWriter
{
    private readonly Span<byte> _buffer;
    private readonly List<FrameGap>? _gaps;
    private int _position;

    /// <summary>A writer for messages whose records, if any, are all in memory.</summary>
    public ProtocolWriter(Span<byte> buffer) => _buffer = buffer;

    public ProtocolWriter(Span<byte> buffer, List<FrameGap> gaps)
    {
        _buffer = buffer;
        _gaps = gaps;
    }

    public readonly int Position => _position;

    public void WriteBool(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    public void WriteUuid(Uuid value) => value.Write(Take(16));

    public void WriteUnsignedVarint(uint value)
    {
        var bytes = Take(SizeCounter.UnsignedVarint(value));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[^1] &= 0x7F;
    }

    /// <summary>A signed number in zigzag form, as records use it.</summary>
    public void WriteVarint(int value) => WriteUnsignedVarint((uint)((value << 1) ^ (value >> 31)));

    public void WriteString(string? value, bool compact, bool nullable = false)
    {
        var length = value is null ? (nullable ? -1 : 0) : Encoding.UTF8.GetByteCount(value);
        Invariant.Check(length <= short.MaxValue);
        if (compact)
        {
            WriteUnsignedVarint((uint)(length + 1));
        }
        else
        {
            WriteInt16((short)length);
        }

        if (length > 0)
        {
            Encoding.UTF8.GetBytes(value, Take(length));
        }
    }

    public void WriteBytes(ReadOnlyMemory<byte>? value, bool compact, bool nullable = false)
    {
        WriteCount(value?.Length ?? -1, compact, nullable);
        WriteRaw(value.GetValueOrDefault().Span);
    }

    public void WriteRecords(Records? value, bool compact, bool nullable = false)
    {
        WriteCount(value?.Length ?? -1, compact, nullable);
        var records = value.GetValueOrDefault();
        if (records.IsSlice)
        {
            Invariant.Check(_gaps is not null);
            _gaps.Add(new FrameGap(_position, records.Slice));
            return;
        }

        WriteRaw(records.Bytes.Span);
    }

    /// <summary>Bytes without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>The length of an array or of bytes; -1 for null, which becomes 0 where null is not allowed.</summary>
    public void WriteCount(int count, bool compact, bool nullable)
    {
        count = nullable ? count : Math.Max(0, count);
        if (compact)
        {
            WriteUnsignedVarint((uint)(count + 1));
        }
        else
        {
            WriteInt32(count);
        }
    }

    public void WriteInt8List(List<sbyte>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteInt8(list[i]);
        }
    }

    public void WriteInt16List(List<short>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteInt16(list[i]);
        }
    }

    public void WriteInt32List(List<int>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteInt32(list[i]);
        }
    }

    public void WriteInt64List(List<long>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteInt64(list[i]);
        }
    }

    public void WriteUuidList(List<Uuid>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteUuid(list[i]);
        }
    }

    public void WriteStringList(List<string>? list, bool compact, bool nullable)
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            WriteString(list[i], compact);
        }
    }

    /// <summary>The byte before a struct that may be null.</summary>
    internal void WriteIsPresent(bool isPresent) => WriteInt8(isPresent ? (sbyte)1 : (sbyte)-1);

    /// <summary>The same for a tagged struct, where Kafka writes 0 for null.</summary>
    internal void WriteIsPresentInTag(bool isPresent) => WriteUnsignedVarint(isPresent ? 1u : 0u);

    /// <summary>What stands before a tagged field.</summary>
    internal void WriteTag(uint tag, int length)
    {
        WriteUnsignedVarint(tag);
        WriteUnsignedVarint((uint)length);
    }

    private Span<byte> Take(int count)
    {
        var taken = _buffer.Slice(_position, count);
        _position += count;
        return taken;
    }
}
