namespace Deterministic.Protocol.Batches;

/// <summary>What is wrong with bytes that should be record batches.</summary>
public enum BatchError : byte
{
    None,

    /// <summary>The bytes end before the batch does: a fetch cut at its limit, or a torn write.</summary>
    Incomplete,

    /// <summary>A length that no batch can have.</summary>
    InvalidLength,

    /// <summary>A message set of magic 0 or 1. Its length is known, so that a reader may step over it.</summary>
    LegacyMagic,

    /// <summary>A magic that no Kafka release wrote.</summary>
    UnknownMagic,

    /// <summary>The checksum is not that of the bytes.</summary>
    InvalidCrc,

    /// <summary>A record whose fields do not fit its length, or a varint without an end.</summary>
    InvalidRecord,

    /// <summary>More or fewer records than the header counts.</summary>
    InvalidRecordCount,

    /// <summary>A compression codec number without a codec.</summary>
    UnknownCompression,

    /// <summary>The records do not decompress.</summary>
    InvalidCompression,

    /// <summary>The records decompress to more than the reader allows.</summary>
    TooLarge,
}
