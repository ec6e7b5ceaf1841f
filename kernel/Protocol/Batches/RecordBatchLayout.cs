namespace Deterministic.Protocol.Batches;

/// <summary>Where the fields of a record batch (magic 2) lie, and the bits of its attributes.</summary>
public static class RecordBatchLayout
{
    public const byte CurrentMagic = 2;

    public const int BaseOffsetAt = 0;
    public const int BatchLengthAt = 8;
    public const int PartitionLeaderEpochAt = 12;
    public const int MagicAt = 16;
    public const int CrcAt = 17;
    public const int AttributesAt = 21;
    public const int LastOffsetDeltaAt = 23;
    public const int BaseTimestampAt = 27;
    public const int MaxTimestampAt = 35;
    public const int ProducerIdAt = 43;
    public const int ProducerEpochAt = 51;
    public const int BaseSequenceAt = 53;
    public const int RecordCountAt = 57;

    /// <summary>Bytes before the first record.</summary>
    public const int HeaderBytes = 61;

    /// <summary>Offset and length: what stands before the bytes that the length counts, in every magic.</summary>
    public const int LengthPrefixBytes = 12;

    /// <summary>Enough of a batch of any magic to know its size and its magic.</summary>
    public const int PeekBytes = MagicAt + 1;

    /// <summary>The smallest entry of the old message sets: a magic 0 message without key and value.</summary>
    public const int LegacyMinBytes = LengthPrefixBytes + 14;

    public const short CompressionMask = 0x07;
    public const short LogAppendTimeBit = 0x08;
    public const short TransactionalBit = 0x10;
    public const short ControlBit = 0x20;
    public const short DeleteHorizonBit = 0x40;
    public const short KnownAttributes = 0x7F;

    public const long NoTimestamp = -1;
    public const long NoProducerId = -1;
    public const short NoProducerEpoch = -1;
    public const int NoSequence = -1;
    public const int NoPartitionLeaderEpoch = -1;
}

/// <summary>Who set a record's timestamp: its producer, or the broker when it appended it.</summary>
public enum TimestampType : byte
{
    CreateTime = 0,
    LogAppendTime = 1,
}
