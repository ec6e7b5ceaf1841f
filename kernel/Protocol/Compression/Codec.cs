using System;
using Deterministic.Primitives;

namespace Deterministic.Protocol.Compression;

/// <summary>Compresses and decompresses the records of a batch, each codec framed as Kafka frames it.</summary>
/// <remarks>
/// Pure functions over memory. An instance only keeps working memory between calls, is owned by one node or client, and
/// shared by nobody. Decompression never writes more than the caller allows (plus one block of the codec) and
/// reports hostile bytes as a <see cref="CompressionError"/>, whatever the library below makes of them.
/// The rule a reader would get wrong: decompressed bytes are the same everywhere; compressed bytes are the same for
/// the same input on the same kind of processor and version of the codec, and are only that.
/// </remarks>
public sealed class Codec
{
    private readonly GzipCodec _gzip = new();
    private readonly ZstdCodec _zstd = new();

    public static bool IsKnown(CompressionType type) => type <= CompressionType.Zstd;

    /// <summary>Appends the compressed form of <paramref name="source"/> to <paramref name="target"/>.</summary>
    public void Compress(CompressionSetting setting, ReadOnlySpan<byte> source, ScratchBuffer target)
    {
        switch (setting.Type)
        {
            case CompressionType.None:
                target.Append(source);
                break;
            case CompressionType.Gzip:
                _gzip.Compress(source, setting.Level, target);
                break;
            case CompressionType.Snappy:
                SnappyCodec.Compress(source, target);
                break;
            case CompressionType.Lz4:
                Lz4Codec.Compress(source, setting.Level, target);
                break;
            case CompressionType.Zstd:
                ZstdCodec.Compress(source, setting.Level, target);
                break;
            default:
                Invariant.Check(IsKnown(setting.Type));
                break;
        }
    }

    /// <summary>
    /// Appends to <paramref name="target"/> what <paramref name="source"/> decompresses to, at most
    /// <paramref name="maxBytes"/>. On an error the target is as it was.
    /// </summary>
    public CompressionError Decompress(
        CompressionType type, ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        var start = target.Length;
        CompressionError error;
        try
        {
            error = type switch
            {
                CompressionType.None => Copy(source, maxBytes, target),
                CompressionType.Gzip => _gzip.Decompress(source, maxBytes, target),
                CompressionType.Snappy => SnappyCodec.Decompress(source, maxBytes, target),
                CompressionType.Lz4 => Lz4Codec.Decompress(source, maxBytes, target),
                CompressionType.Zstd => _zstd.Decompress(source, maxBytes, target),
                _ => CompressionError.UnknownType,
            };
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InvariantBrokenException))
        {
            // What foreign code throws at hostile bytes is not ours to list; it all means the same.
            error = CompressionError.Corrupt;
        }

        if (error != CompressionError.None)
        {
            target.Truncate(start);
        }

        return error;
    }

    private static CompressionError Copy(ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        if (source.Length > maxBytes)
        {
            return CompressionError.TooLarge;
        }

        target.Append(source);
        return CompressionError.None;
    }
}
