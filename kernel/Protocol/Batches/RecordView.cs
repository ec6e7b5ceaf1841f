using System;

namespace Deterministic.Protocol.Batches;

/// <summary>One record in place. All its parts have been checked to lie inside it.</summary>
/// <remarks>
/// Where its parts begin is kept rather than the parts: most readers want two or three of them, and a broker judges
/// every record of every batch (`perf batches`).
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
        var start = at;
        if (!Varint.TryRead(bytes, ref at, out int length) || length <= 0 || length > bytes.Length - at)
        {
            return false;
        }

        var body = bytes.Slice(at, length);
        at += length;
        record._body = body;
        record.SizeInBytes = at - start;
        var position = 1;
        if (!Varint.TryRead(body, ref position, out long timestampDelta)
            || !Varint.TryRead(body, ref position, out int offsetDelta)
            || !TrySkipBytes(body, ref position, out record._keyAt, out record._keyLength)
            || !TrySkipBytes(body, ref position, out record._valueAt, out record._valueLength)
            || !Varint.TryRead(body, ref position, out int headerCount))
        {
            return false;
        }

        record.TimestampDelta = timestampDelta;
        record.OffsetDelta = offsetDelta;
        record.HeaderCount = headerCount;
        record._headersAt = position;
        return headerCount == 0
            ? position == body.Length
            : HeaderEnumerator.IsValid(body[position..], headerCount);
    }

    /// <summary>A length and so many bytes. Any negative length means null, as it does to Kafka.</summary>
    internal static bool TrySkipBytes(ReadOnlySpan<byte> body, scoped ref int position, out int from, out int length)
    {
        var isRead = Varint.TryRead(body, ref position, out length);
        from = position;
        if (!isRead || length > body.Length - position)
        {
            return false;
        }

        position += Math.Max(0, length);
        return true;
    }
}
