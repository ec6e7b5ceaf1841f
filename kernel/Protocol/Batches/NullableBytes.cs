using System;
using System.Text;

namespace Deterministic.Protocol.Batches;

/// <summary>
/// A key or a value on its way into a batch, which may be null. The default is null; an empty span is not.
/// </summary>
public readonly ref struct NullableBytes
{
    private readonly bool _isPresent;

    public NullableBytes(ReadOnlySpan<byte> bytes)
    {
        Bytes = bytes;
        _isPresent = true;
    }

    public static NullableBytes Null => default;

    /// <summary>Empty where null.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public bool IsNull => !_isPresent;

    /// <summary>The length as records write it: -1 for null.</summary>
    internal int LengthOrMinusOne => _isPresent ? Bytes.Length : -1;

    public static NullableBytes KeyOf(in RecordView record) => record.IsKeyNull ? default : new(record.Key);

    public static NullableBytes ValueOf(in RecordView record) => record.IsValueNull ? default : new(record.Value);

    public static implicit operator NullableBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(Span<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(byte[]? bytes) => bytes is null ? default : new(bytes);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? new(present.Span) : default;
}

/// <summary>A header on its way into a record. The key is UTF-8; the value may be null.</summary>
public readonly record struct RecordHeader(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value)
{
    public RecordHeader(string key, byte[]? value)
        : this(Encoding.UTF8.GetBytes(key), value is null ? default(ReadOnlyMemory<byte>?) : value)
    {
    }
}
