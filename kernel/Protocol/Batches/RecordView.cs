using System;
using System.Runtime.CompilerServices;

namespace Deterministic.Protocol.Batches;

/// <summary>One record in place. All its parts have been checked to lie inside it.</summary>
/// <remarks>
/// Where its parts begin is kept rather than the parts: most readers want two or three of them, and a broker judges
/// every record of every batch (perf/Micro/BatchBench.cs).
/// </remarks>
public ref struct RecordView
{
    private ReadOnlySpan<byte> _body;
    private int _keyAt;
    private int _keyLength;
    private int _valueAt;
    private int _valueLength;
    private int _headersAt;

    /// <summary>Its length on the wire, the length's own varint included.</summary>
    public int SizeInBytes { get; private set; }

    public readonly sbyte Attributes => (sbyte)_body[0];

    public int OffsetDelta { get; private set; }

    public long TimestampDelta { get; private set; }

    /// <summary>Empty where null.</summary>
    public readonly ReadOnlySpan<byte> Key => IsKeyNull ? default : _body.Slice(_keyAt, _keyLength);

    /// <summary>Empty where null.</summary>
    public readonly ReadOnlySpan<byte> Value => IsValueNull ? default : _body.Slice(_valueAt, _valueLength);

    public readonly bool IsKeyNull => _keyLength < 0;

    public readonly bool IsValueNull => _valueLength < 0;

    public int HeaderCount { get; private set; }

    /// <summary>The headers as they lie there, without their count.</summary>
    public readonly ReadOnlySpan<byte> HeaderBytes => _body[_headersAt..];

    public readonly HeaderEnumerator Headers => new(HeaderBytes, HeaderCount);

    /// <summary>Reads the record at <paramref name="at"/> and moves it on; false where its parts do not fit.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, scoped ref int at, out RecordView record)
    {
        record = default;
        var from = Varint.Read(bytes, at, out int length);
        if (from < 0 || length <= 0 || length > bytes.Length - from)
        {
            return false;
        }

        var body = bytes.Slice(from, length);
        var position = Varint.Read(body, 1, out long timestampDelta);
        position = Varint.Read(body, position, out int offsetDelta);
        record._keyAt = Varint.Read(body, position, out record._keyLength);
        position = Skip(body, record._keyAt, record._keyLength);
        record._valueAt = Varint.Read(body, position, out record._valueLength);
        position = Skip(body, record._valueAt, record._valueLength);
        position = Varint.Read(body, position, out int headerCount);
        if (position < 0)
        {
            return false;
        }

        record._body = body;
        record._headersAt = position;
        record.SizeInBytes = from + length - at;
        record.TimestampDelta = timestampDelta;
        record.OffsetDelta = offsetDelta;
        record.HeaderCount = headerCount;
        at = from + length;
        return headerCount == 0
            ? position == body.Length
            : HeaderEnumerator.IsValid(body[position..], headerCount);
    }

    /// <summary>
    /// Past so many bytes; negative where they are not there. Any negative length means null, as it does to Kafka.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Skip(ReadOnlySpan<byte> body, int at, int length) =>
        at < 0 || length > body.Length - at ? -1 : at + Math.Max(0, length);
}
