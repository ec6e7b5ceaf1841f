using System;
using System.Diagnostics.CodeAnalysis;
using ZstdSharp;

namespace Deterministic.Protocol.Compression;

/// <summary>zstd: one frame written, any number of frames read, no dictionaries.</summary>
/// <remarks>
/// Decompression is in one piece straight into the target, so that a frame's claim of a large window costs nothing.
/// Frames may leave their content's size out, or lie about it: the room starts modest and doubles up to the limit.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Frees plain memory, which its own finalizer does as well.")]
internal sealed class ZstdCodec
{
    private const int MinLevel = -131072;

    private const int MaxLevel = 22;

    private const int FirstRoomBytes = 64 * 1024;

    private readonly Decompressor _decompressor = new();

    /// <summary>A fresh context each time: a used one may choose other matches for the same bytes.</summary>
    public static void Compress(ReadOnlySpan<byte> source, int level, ScratchBuffer target)
    {
        using var compressor = new Compressor(Math.Clamp(level, MinLevel, MaxLevel));
        var room = target.Reserve(Compressor.GetCompressBound(source.Length));
        target.Advance(compressor.Wrap(source, room));
    }

    public CompressionError Decompress(ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        if (source.IsEmpty)
        {
            return CompressionError.Corrupt;
        }

        var capacity = (int)Math.Min(maxBytes, Math.Max(FirstRoomBytes, source.Length * 4L));
        while (true)
        {
            var room = target.Reserve(capacity)[..capacity];
            if (_decompressor.TryUnwrap(source, room, out var written))
            {
                target.Advance(written);
                return CompressionError.None;
            }

            if (capacity >= maxBytes)
            {
                return CompressionError.TooLarge;
            }

            capacity = (int)Math.Min(maxBytes, capacity * 4L);
        }
    }
}
