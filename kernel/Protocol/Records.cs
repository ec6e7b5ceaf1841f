using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>
/// Record batches as a message carries them: bytes of the frame they came in (writable, so that a leader can stamp
/// offsets in place), or a slice of a file that a runtime sends without copying. Never both.
/// </summary>
[SuppressMessage("Naming", "CA1724", Justification = "The protocol's own word for this type.")]
public readonly struct Records : IEquatable<Records>
{
    public Records(Memory<byte> bytes) => Bytes = bytes;

    public Records(FileSlice slice) => Slice = slice;

    public static Records Empty => default;

    /// <summary>The bytes; empty where this is a slice.</summary>
    public Memory<byte> Bytes { get; }

    /// <summary>The slice; of length 0 where these are bytes.</summary>
    public FileSlice Slice { get; }

    public bool IsSlice => Slice.Length > 0;

    public int Length => IsSlice ? Slice.Length : Bytes.Length;

    public bool IsEmpty => Length == 0;

    public static implicit operator Records(Memory<byte> bytes) => new(bytes);

    public static implicit operator Records(FileSlice slice) => new(slice);

    public static bool operator ==(Records left, Records right) => left.Equals(right);

    public static bool operator !=(Records left, Records right) => !left.Equals(right);

    public bool Equals(Records other) =>
        IsSlice == other.IsSlice && (IsSlice ? Slice == other.Slice : Bytes.Span.SequenceEqual(other.Bytes.Span));

    public override bool Equals(object? obj) => obj is Records other && Equals(other);

    /// <summary>The length alone: the bytes may change.</summary>
    public override int GetHashCode() => Length;

    public override string ToString() => IsSlice
        ? Slice.ToString()
        : string.Create(CultureInfo.InvariantCulture, $"{Length} bytes");
}

/// <summary>Where in a written buffer a slice of a file belongs: after <c>AtOffset</c> bytes of the buffer.</summary>
public readonly record struct FrameGap(int AtOffset, FileSlice Slice);
