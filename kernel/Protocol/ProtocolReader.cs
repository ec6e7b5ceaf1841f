using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>Why a frame could not be read.</summary>
public enum ProtocolError : byte
{
    None,

    /// <summary>The frame ends before the value does.</summary>
    Truncated,

    /// <summary>A length or count below zero that does not mean null, or one above what the protocol allows.</summary>
    InvalidLength,

    /// <summary>Null where this version does not allow it.</summary>
    UnexpectedNull,

    /// <summary>A string that is not UTF-8.</summary>
    InvalidText,

    /// <summary>A varint longer than five bytes.</summary>
    InvalidVarint,

    /// <summary>More structs in one frame than <see cref="ProtocolReader.MaxStructs"/>.</summary>
    TooManyStructs,
}

/// <summary>
/// Reads Kafka's primitive types from a frame. It never throws: the first fault sets <see cref="Failed"/>, and from
/// then on every read gives the type's zero, so that decoding hostile bytes ends soon and as a flag.
/// Bytes and records are slices of the frame, valid as long as it is. Nothing that a length field claims is allocated
/// before the bytes for it are seen to be there.
/// </summary>
public ref struct ProtocolReader
{
    /// <summary>
    /// Bound: an empty struct takes few bytes on the wire and a hundred in memory. A frame with more structs than a
    /// cluster of a million partitions needs is refused.
    /// </summary>
    public const int MaxStructs = 1 << 21;

    /// <summary>Bound: lists start no larger than this and grow with what is really read.</summary>
    private const int MaxFirstCapacity = 1024;

    private readonly Memory<byte> _memory;
    private readonly ReadOnlySpan<byte> _span;
    private int _position;
    private int _end;
    private int _structs;

    public ProtocolReader(Memory<byte> frame)
    {
        _memory = frame;
        _span = frame.Span;
        _end = frame.Length;
    }

    /// <summary>
    /// Reads bytes that nobody may write, such as a record's value. <see cref="Records"/> read from here are typed as
    /// writable all the same: do not write them.
    /// </summary>
    public ProtocolReader(ReadOnlyMemory<byte> bytes)
        : this(MemoryMarshal.AsMemory(bytes))
    {
    }

    public ProtocolReader(byte[] bytes)
        : this(bytes.AsMemory())
    {
    }

    public ProtocolError Error { get; private set; }

    public readonly bool Failed => Error != ProtocolError.None;

    public readonly int Position => _position;

    public readonly int Remaining => _end - _position;

    /// <summary>What is left of the frame, without moving.</summary>
    public readonly Memory<byte> Rest => _memory[_position.._end];

    /// <summary>The capacity for a list of so many elements, before any of them has been read.</summary>
    public static int Capacity(int count) => Math.Min(count, MaxFirstCapacity);

    /// <summary>Marks the frame as unreadable; the first error stays.</summary>
    public void Fail(ProtocolError error)
    {
        if (!Failed)
        {
            Error = error;
        }

        _end = _position;
    }

    // Numbers

    public bool ReadBool() => ReadInt8() != 0;

    public sbyte ReadInt8() => Take(1, out var bytes) ? (sbyte)bytes[0] : default;

    public short ReadInt16() => Take(2, out var bytes) ? BinaryPrimitives.ReadInt16BigEndian(bytes) : default;

    public ushort ReadUInt16() => Take(2, out var bytes) ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : default;

    public int ReadInt32() => Take(4, out var bytes) ? BinaryPrimitives.ReadInt32BigEndian(bytes) : default;

    public uint ReadUInt32() => Take(4, out var bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : default;

    public long ReadInt64() => Take(8, out var bytes) ? BinaryPrimitives.ReadInt64BigEndian(bytes) : default;

    public double ReadFloat64() => Take(8, out var bytes) ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : default;

    public Uuid ReadUuid() => Take(16, out var bytes) ? Uuid.Read(bytes) : default;

    public uint ReadUnsignedVarint()
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (!Take(1, out var bytes))
            {
                return 0;
            }

            var bits = bytes[0] & 0x7Fu;
            if (shift == 28 && bits > 0xF)
            {
                break;
            }

            value |= bits << shift;
            if (bytes[0] < 0x80)
            {
                return value;
            }
        }

        Fail(ProtocolError.InvalidVarint);
        return 0;
    }

    // Strings, bytes and records

    public string ReadString(bool compact) => ReadNullableString(compact, nullable: false) ?? "";

    public string? ReadNullableString(bool compact, bool nullable = true)
    {
        var length = compact ? CompactLength(nullable) : Nullable(ReadInt16(), nullable);
        if (length > short.MaxValue)
        {
            Fail(ProtocolError.InvalidLength);
        }

        if (length < 0 || !Take(length, out var bytes))
        {
            return null;
        }

        if (!Utf8.IsValid(bytes))
        {
            Fail(ProtocolError.InvalidText);
            return null;
        }

        return length == 0 ? "" : Encoding.UTF8.GetString(bytes);
    }

    public ReadOnlyMemory<byte> ReadBytes(bool compact) => Slice(ReadLength(compact, nullable: false));

    public ReadOnlyMemory<byte>? ReadNullableBytes(bool compact, bool nullable = true)
    {
        var length = ReadLength(compact, nullable);
        return length < 0 ? (ReadOnlyMemory<byte>?)null : Slice(length);
    }

    public Records ReadRecords(bool compact) => new(Slice(ReadLength(compact, nullable: false)));

    public Records? ReadNullableRecords(bool compact, bool nullable = true)
    {
        var length = ReadLength(compact, nullable);
        return length < 0 ? null : new Records(Slice(length));
    }

    // Arrays

    /// <summary>
    /// The length of an array; -1 where it is null. A count whose elements cannot fit into what is left fails.
    /// </summary>
    public int ReadArrayLength(bool compact, bool nullable, int smallestElement)
    {
        var count = ReadLength(compact, nullable);
        if (count > 0 && count > Remaining / smallestElement)
        {
            Fail(ProtocolError.Truncated);
            return nullable ? -1 : 0;
        }

        return count;
    }

    public List<sbyte>? ReadInt8List(bool compact, bool nullable)
    {
        var list = NewList<sbyte>(ReadArrayLength(compact, nullable, sizeof(sbyte)), out var count);
        for (; count > 0; count--)
        {
            list!.Add(ReadInt8());
        }

        return list;
    }

    public List<short>? ReadInt16List(bool compact, bool nullable)
    {
        var list = NewList<short>(ReadArrayLength(compact, nullable, sizeof(short)), out var count);
        for (; count > 0; count--)
        {
            list!.Add(ReadInt16());
        }

        return list;
    }

    public List<int>? ReadInt32List(bool compact, bool nullable)
    {
        var list = NewList<int>(ReadArrayLength(compact, nullable, sizeof(int)), out var count);
        for (; count > 0; count--)
        {
            list!.Add(ReadInt32());
        }

        return list;
    }

    public List<long>? ReadInt64List(bool compact, bool nullable)
    {
        var list = NewList<long>(ReadArrayLength(compact, nullable, sizeof(long)), out var count);
        for (; count > 0; count--)
        {
            list!.Add(ReadInt64());
        }

        return list;
    }

    public List<Uuid>? ReadUuidList(bool compact, bool nullable)
    {
        var list = NewList<Uuid>(ReadArrayLength(compact, nullable, 16), out var count);
        for (; count > 0; count--)
        {
            list!.Add(ReadUuid());
        }

        return list;
    }

    public List<string>? ReadStringList(bool compact, bool nullable)
    {
        var smallest = compact ? 1 : sizeof(short);
        var list = NewList<string>(ReadArrayLength(compact, nullable, smallest), out var count);
        for (; count > 0 && !Failed; count--)
        {
            list!.Add(ReadString(compact));
        }

        return list;
    }

    // Structs and tags: called by generated code

    /// <summary>The count of a list of structs, charged to what one frame may hold.</summary>
    internal int ReadStructCount(bool compact, bool nullable, int smallestElement)
    {
        var count = ReadArrayLength(compact, nullable, smallestElement);
        if (count > MaxStructs - _structs)
        {
            Fail(ProtocolError.TooManyStructs);
            return nullable ? -1 : 0;
        }

        _structs += Math.Max(0, count);
        return count;
    }

    /// <summary>The byte before a struct that may be null: negative means that it is.</summary>
    internal bool ReadIsPresent() => ReadInt8() >= 0 && !Failed;

    /// <summary>The same for a tagged struct, where Kafka writes 0 for null.</summary>
    internal bool ReadIsPresentInTag() => ReadUnsignedVarint() > 0;

    internal uint ReadTagCount()
    {
        var count = ReadUnsignedVarint();
        if (count > Remaining / 2)
        {
            Fail(ProtocolError.Truncated);
            return 0;
        }

        return count;
    }

    /// <summary>Reads a tag and its length, and narrows the frame to it.</summary>
    internal uint BeginTag(out int end)
    {
        var tag = ReadUnsignedVarint();
        var length = ReadUnsignedVarint();
        end = _end;
        if (Failed || length > Remaining)
        {
            Fail(ProtocolError.Truncated);
            return uint.MaxValue;
        }

        _end = _position + (int)length;
        return tag;
    }

    /// <summary>Steps over what is left of a tag, all of it where it is unknown, and widens the frame again.</summary>
    internal void EndTag(int end)
    {
        if (!Failed)
        {
            _position = _end;
            _end = end;
        }
    }

    /// <summary>Steps over tagged fields of which none is known.</summary>
    public void SkipTags()
    {
        for (var tags = ReadTagCount(); tags > 0 && !Failed; tags--)
        {
            BeginTag(out var end);
            EndTag(end);
        }
    }

    private readonly List<T>? NewList<T>(int length, out int count)
    {
        count = Failed ? 0 : Math.Max(0, length);
        return length < 0 ? null : new List<T>(count);
    }

    private Memory<byte> Slice(int length)
    {
        var start = _position;
        return Take(length, out _) ? _memory.Slice(start, length) : default;
    }

    private int ReadLength(bool compact, bool nullable) =>
        compact ? CompactLength(nullable) : Nullable(ReadInt32(), nullable);

    private int CompactLength(bool nullable)
    {
        var lengthPlusOne = ReadUnsignedVarint();
        if (lengthPlusOne > int.MaxValue)
        {
            Fail(ProtocolError.InvalidLength);
        }

        return Nullable(Failed ? 0 : (int)lengthPlusOne - 1, nullable);
    }

    /// <summary>-1 where null is meant and allowed, else a length that is at least zero.</summary>
    private int Nullable(int length, bool nullable)
    {
        if (length >= 0 || (length == -1 && nullable && !Failed))
        {
            return length;
        }

        Fail(length == -1 ? ProtocolError.UnexpectedNull : ProtocolError.InvalidLength);
        return nullable ? -1 : 0;
    }

    private bool Take(int count, out ReadOnlySpan<byte> bytes)
    {
        if ((uint)count > (uint)Remaining)
        {
            Fail(ProtocolError.Truncated);
            bytes = default;
            return false;
        }

        bytes = _span.Slice(_position, count);
        _position += count;
        return true;
    }
}
