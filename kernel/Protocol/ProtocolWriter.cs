using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>The bytes of a message: all of them, and those that no file slice stands for.</summary>
public readonly record struct MessageSize(int Total, int InMemory);

/// <summary>
/// Writes Kafka's primitive types into a buffer that is large enough, because a writer without a buffer counted before:
/// a message's size is what writing it would take. Records that are slices of a file are not copied: their length is
/// written and a gap is noted. Null is written as empty in a version that does not know null.
/// </summary>
public ref struct ProtocolWriter
{
    private readonly Span<byte> _buffer;
    private readonly List<FrameGap>? _gaps;
    private readonly bool _isCounting;
    private int _position;
    private int _sliceBytes;

    /// <summary>A writer for messages whose records, if any, are all in memory.</summary>
    public ProtocolWriter(Span<byte> buffer) => _buffer = buffer;

    public ProtocolWriter(Span<byte> buffer, List<FrameGap> gaps)
    {
        _buffer = buffer;
        _gaps = gaps;
    }

    private ProtocolWriter(bool isCounting) => _isCounting = isCounting;

    /// <summary>A writer that writes nothing and counts.</summary>
    public static ProtocolWriter Counting() => new(isCounting: true);

    /// <summary>What has been written so far, slices included in the total.</summary>
    public readonly MessageSize Size => new(checked(_position + _sliceBytes), _position);

    public readonly int Position => _position;

    public void WriteBool(bool value) => WriteInt8(value ? (sbyte)1 : (sbyte)0);

    public void WriteInt8(sbyte value)
    {
        if (Take(sizeof(sbyte), out var bytes))
        {
            bytes[0] = (byte)value;
        }
    }

    public void WriteInt16(short value)
    {
        if (Take(sizeof(short), out var bytes))
        {
            BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        }
    }

    public void WriteUInt16(ushort value) => WriteInt16((short)value);

    public void WriteInt32(int value)
    {
        if (Take(sizeof(int), out var bytes))
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        }
    }

    public void WriteUInt32(uint value) => WriteInt32((int)value);

    public void WriteInt64(long value)
    {
        if (Take(sizeof(long), out var bytes))
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        }
    }

    public void WriteFloat64(double value) => WriteInt64(BitConverter.DoubleToInt64Bits(value));

    public void WriteUuid(Uuid value)
    {
        if (Take(16, out var bytes))
        {
            value.Write(bytes);
        }
    }

    public void WriteUnsignedVarint(uint value)
    {
        if (!Take(UnsignedVarintSize(value), out var bytes))
        {
            return;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[^1] &= 0x7F;
    }

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

        if (length > 0 && Take(length, out var bytes))
        {
            Encoding.UTF8.GetBytes(value, bytes);
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
            WriteGap(records.Slice);
            return;
        }

        WriteRaw(records.Bytes.Span);
    }

    /// <summary>Bytes without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        if (Take(bytes.Length, out var target))
        {
            bytes.CopyTo(target);
        }
    }

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

    // Structs and tags: called by generated code

    internal void WriteStructs<T>(List<T>? list, short version, bool compact, bool nullable)
        where T : class, IStruct
    {
        WriteCount(list?.Count ?? -1, compact, nullable);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            list[i].Write(ref this, version);
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

    private void WriteGap(FileSlice slice)
    {
        _sliceBytes = checked(_sliceBytes + slice.Length);
        if (!_isCounting)
        {
            Invariant.Check(_gaps is not null);
            _gaps.Add(new FrameGap(_position, slice));
        }
    }

    /// <summary>Seven bits a byte.</summary>
    private static int UnsignedVarintSize(uint value) => (38 - BitOperations.LeadingZeroCount(value | 1)) / 7;

    /// <summary>The next bytes of the buffer; false where they are only counted.</summary>
    private bool Take(int count, out Span<byte> bytes)
    {
        bytes = _isCounting ? default : _buffer.Slice(_position, count);
        _position = checked(_position + count);
        return !_isCounting;
    }
}
