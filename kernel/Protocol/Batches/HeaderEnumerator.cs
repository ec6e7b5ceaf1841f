using System;

namespace Deterministic.Protocol.Batches;

/// <summary>One header of a record, in place. The key is UTF-8 to those who agree on it; nobody has checked.</summary>
public readonly ref struct HeaderView(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isValueNull)
{
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>Empty where null.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;

    public bool IsValueNull { get; } = isValueNull;
}

/// <summary>The headers of one record. They were checked when the record was read, so the walk cannot fail.</summary>
public ref struct HeaderEnumerator
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _left;
    private int _at;

    internal HeaderEnumerator(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        _left = count;
    }

    public HeaderView Current { get; private set; }

    public readonly HeaderEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_left <= 0 || !TryRead(_bytes, ref _at, out var header))
        {
            return false;
        }

        _left--;
        Current = header;
        return true;
    }

    /// <summary>Whether exactly this many headers fill the bytes.</summary>
    internal static bool IsValid(ReadOnlySpan<byte> bytes, int count)
    {
        // A header takes two bytes at least, so a count that the bytes cannot hold is refused before the walk.
        if (count < 0 || count > bytes.Length / 2)
        {
            return false;
        }

        var at = 0;
        for (var i = 0; i < count; i++)
        {
            if (!TryRead(bytes, ref at, out _))
            {
                return false;
            }
        }

        return at == bytes.Length;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, scoped ref int at, out HeaderView header)
    {
        header = default;
        var keyAt = Varint.Read(bytes, at, out int keyLength);
        var valueAt = Varint.Read(bytes, RecordView.Skip(bytes, keyAt, keyLength), out int valueLength);
        at = RecordView.Skip(bytes, valueAt, valueLength);
        if (at < 0 || keyLength < 0)
        {
            return false;
        }

        var isValueNull = valueLength < 0;
        var value = isValueNull ? default : bytes.Slice(valueAt, valueLength);
        header = new(bytes.Slice(keyAt, keyLength), value, isValueNull);
        return true;
    }
}
