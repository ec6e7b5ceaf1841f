namespace Deterministic.Protocol.Compression;

/// <summary>The codecs of record batches, numbered as their attributes number them.</summary>
public enum CompressionType : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

/// <summary>Why bytes did not decompress.</summary>
public enum CompressionError : byte
{
    None,
    UnknownType,
    Corrupt,

    /// <summary>More comes out than the caller allows.</summary>
    TooLarge,
}

/// <summary>
/// A codec and how hard it tries, in the numbers of Kafka's compression.gzip.level, compression.lz4.level and
/// compression.zstd.level. Numbers out of a codec's range are taken as the nearest in it.
/// </summary>
public readonly record struct CompressionSetting(CompressionType Type, int Level)
{
    public const int DefaultGzipLevel = -1;

    public const int DefaultLz4Level = 9;

    public const int DefaultZstdLevel = 3;

    public static CompressionSetting None => default;

    /// <summary>A codec at Kafka's default level.</summary>
    public static CompressionSetting Of(CompressionType type) => new(type, type switch
    {
        CompressionType.None => 0,
        CompressionType.Gzip => DefaultGzipLevel,
        CompressionType.Snappy => 0,
        CompressionType.Lz4 => DefaultLz4Level,
        CompressionType.Zstd => DefaultZstdLevel,
    });
}
