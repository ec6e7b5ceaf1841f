using System;

namespace Deterministic.Protocol.Batches;

/// <summary>One record in place. All its parts have been checked to lie inside it.</summary>
public readonly ref struct RecordView
{
    /// <summary>Its length on the wire, the length's own varint included.</summary>
    public int SizeInBytes { get; private init; }

    public sbyte Attributes { get; private init; }

    public int OffsetDelta { get; private init; }

    public long TimestampDelta { get; private init; }

    /// <summary>Empty where null.</summary>
    public ReadOnlySpan<byte> Key { get; private init; }

    /// <summary>Empty where null.</summary>
    public ReadOnlySpan<byte> Value { get; private init; }

    public bool IsKeyNull { get; private init; }

    public bool IsValueNull { get; private init; }

    public int HeaderCount { get; private init; }

    /// <summary>The headers as they lie there, without their count.</summary>
    public ReadOnlySpan<byte> HeaderBytes { get; private init; }

    public HeaderEnumerator Headers => new(HeaderBytes, HeaderCount);

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
        var position = 1;
        if (!Varint.TryRead(body, ref position, out long timestampDelta)
            || !Varint.TryRead(body, ref position, out int offsetDelta)
            || !TryReadBytes(body, ref position, out var key, out var isKeyNull)
            || !TryReadBytes(body, ref position, out var value, out var isValueNull)
            || !Varint.TryRead(body, ref position, out int headerCount))
        {
            return false;
        }

        var headers = body[position..];
        record = new()
        {
            SizeInBytes = at - start,
            Attributes = (sbyte)body[0],
            OffsetDelta = offsetDelta,
            TimestampDelta = timestampDelta,
            Key = key,
            Value = value,
            IsKeyNull = isKeyNull,
            IsValueNull = isValueNull,
            HeaderCount = headerCount,
            HeaderBytes = headers,
        };
        return headerCount == 0 ? headers.IsEmpty : HeaderEnumerator.IsValid(headers, headerCount);
    }

    /// <summary>A length and so many bytes. Any negative length means null, as it does to Kafka.</summary>
    internal static bool TryReadBytes(
        ReadOnlySpan<byte> body, scoped ref int position, out ReadOnlySpan<byte> bytes, out bool isNull)
    {
        bytes = default;
        isNull = false;
        if (!Varint.TryRead(body, ref position, out int length))
        {
            return false;
        }

        if (length < 0)
        {
            isNull = true;
            return true;
        }

        if (length > body.Length - position)
        {
            return false;
        }

        bytes = body.Slice(position, length);
        position += length;
        return true;
    }
}
