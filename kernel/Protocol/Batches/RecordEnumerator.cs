using System;
using System.Diagnostics.CodeAnalysis;

namespace Deterministic.Protocol.Batches;

/// <summary>The records of an uncompressed, or decompressed, payload, in order.</summary>
/// <remarks>
/// <see cref="MoveNext"/> returns false at the end and at the first thing that is wrong; <see cref="Error"/> tells
/// which. It is <see cref="BatchError.None"/> only where exactly the counted records filled the payload.
/// </remarks>
public ref struct RecordEnumerator
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly int _count;
    private int _at;
    private RecordView _current;

    public RecordEnumerator(ReadOnlySpan<byte> payload, int count)
    {
        _payload = payload;
        _count = count;
    }

    /// <summary>How many records have been read.</summary>
    public int Index { get; private set; }

    /// <summary>Valid until the next move.</summary>
    [UnscopedRef]
    public readonly ref readonly RecordView Current => ref _current;

    public BatchError Error { get; private set; }

    public readonly RecordEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (Error != BatchError.None)
        {
            return false;
        }

        if (Index >= _count)
        {
            Error = _at == _payload.Length && _count >= 0 ? BatchError.None : BatchError.InvalidRecordCount;
            return false;
        }

        if (_at == _payload.Length)
        {
            Error = BatchError.InvalidRecordCount;
            return false;
        }

        if (!RecordView.TryRead(_payload, ref _at, out _current))
        {
            Error = BatchError.InvalidRecord;
            return false;
        }

        Index++;
        return true;
    }
}
