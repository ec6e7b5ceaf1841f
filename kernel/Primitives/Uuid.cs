using System;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Deterministic.Primitives;

/// <summary>
/// A 128-bit id as Kafka writes it: sixteen big-endian bytes on the wire, 22 base64url characters in text (KIP-516).
/// </summary>
public readonly record struct Uuid(ulong High, ulong Low) : IComparable<Uuid>
{
    /// <summary>Means "no id" on the wire.</summary>
    public static readonly Uuid Zero;

    /// <summary>The reserved id of the metadata topic, <c>__cluster_metadata</c>.</summary>
    public static readonly Uuid Metadata = new(0, 1);

    /// <summary>The first hundred ids are reserved by Kafka and never generated.</summary>
    private const ulong ReservedBelow = 100;

    public bool IsZero => High == 0 && Low == 0;

    /// <summary>A random (version 4) id that is not reserved and whose text never begins with a dash.</summary>
    public static Uuid Random(Prng prng)
    {
        while (true)
        {
            var high = (prng.NextUInt64() & 0xFFFF_FFFF_FFFF_0FFFUL) | 0x4000UL;
            var low = (prng.NextUInt64() & 0x3FFF_FFFF_FFFF_FFFFUL) | 0x8000_0000_0000_0000UL;
            var id = new Uuid(high, low);
            var isReserved = high == 0 && low < ReservedBelow;
            if (!isReserved && high >> 58 != 62)
            {
                return id;
            }
        }
    }

    /// <summary>Reads sixteen bytes; the span must hold them.</summary>
    public static Uuid Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>Writes sixteen bytes; the span must have room for them.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    /// <summary>Parses the 22-character text form; false where the text is no such id.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Uuid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (text.Length == 22 && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == 16)
        {
            id = Read(bytes);
            return true;
        }

        id = Zero;
        return false;
    }

    public int CompareTo(Uuid other)
    {
        var byHigh = High.CompareTo(other.High);
        return byHigh != 0 ? byHigh : Low.CompareTo(other.Low);
    }

    public static bool operator <(Uuid left, Uuid right) => left.CompareTo(right) < 0;

    public static bool operator >(Uuid left, Uuid right) => left.CompareTo(right) > 0;

    public static bool operator <=(Uuid left, Uuid right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Uuid left, Uuid right) => left.CompareTo(right) >= 0;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
