using System;

namespace Deterministic.Protocol.Compression;

/// <summary>A byte buffer that grows at its end and is used again: what codecs and builders write into.</summary>
/// <remarks>
/// Owned by whoever made it; what <see cref="Written"/> gave is gone with the next <see cref="Clear"/>. It sets no
/// limit itself: every writer here has one of its own and keeps within it.
/// </remarks>
public sealed class ScratchBuffer
{
    /// <summary>A buffer that once held more than this gives the memory back when cleared.</summary>
    public const int MaxRetainedBytes = 4 * 1024 * 1024;

    private const int MinBytes = 256;

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public Span<byte> Written => _bytes.AsSpan(0, Length);

    public Memory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > MaxRetainedBytes)
        {
            _bytes = [];
        }
    }

    /// <summary>Room for at least so many bytes at the end. They count once <see cref="Advance"/> says so.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (bytes > _bytes.Length - Length)
        {
            Grow(bytes);
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_bytes.Length - Length));
        Length += bytes;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Forgets everything behind <paramref name="length"/>.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    private void Grow(int bytes)
    {
        var needed = checked(Length + bytes);
        var doubled = (int)Math.Min(Array.MaxLength, (long)_bytes.Length * 2);
        var grown = GC.AllocateUninitializedArray<byte>(Math.Max(Math.Max(needed, doubled), MinBytes));
        Written.CopyTo(grown);
        _bytes = grown;
    }
}
