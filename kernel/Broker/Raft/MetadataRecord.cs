using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>The kinds of metadata records, by the number that their frame carries.</summary>
public enum MetadataRecordType : short
{
    RegisterBroker = 0,
    UnregisterBroker = 1,
    Topic = 2,
    Partition = 3,
    Config = 4,
    PartitionChange = 5,
    FenceBroker = 7,
    UnfenceBroker = 8,
    RemoveTopic = 9,
    DelegationToken = 10,
    UserScramCredential = 11,
    FeatureLevel = 12,
    ClientQuota = 14,
    ProducerIds = 15,
    BrokerRegistrationChange = 17,
    AccessControlEntry = 18,
    RemoveAccessControlEntry = 19,
    NoOp = 20,
    ZkMigrationState = 21,
    RemoveUserScramCredential = 22,
    BeginTransaction = 23,
    EndTransaction = 24,
    AbortTransaction = 25,
    RemoveDelegationToken = 26,
    RegisterController = 27,
    ClearElr = 28,
}

/// <summary>
/// One record of the metadata log: its kind, the version it is written in, and the message. What the controller decides
/// and what the image folds.
/// </summary>
public readonly record struct MetadataRecord(MetadataRecordType Type, short Version, IMessage Message)
{
    public static MetadataRecord Of(RegisterBrokerRecord record) => new(MetadataRecordType.RegisterBroker, 4, record);

    public static MetadataRecord Of(TopicRecord record) => new(MetadataRecordType.Topic, 0, record);

    public static MetadataRecord Of(PartitionRecord record) => new(MetadataRecordType.Partition, 2, record);

    public static MetadataRecord Of(PartitionChangeRecord record) => new(MetadataRecordType.PartitionChange, 2, record);

    public static MetadataRecord Of(ConfigRecord record) => new(MetadataRecordType.Config, 0, record);

    public static MetadataRecord Of(RemoveTopicRecord record) => new(MetadataRecordType.RemoveTopic, 0, record);

    public static MetadataRecord Of(FeatureLevelRecord record) => new(MetadataRecordType.FeatureLevel, 0, record);

    public static MetadataRecord Of(ProducerIdsRecord record) => new(MetadataRecordType.ProducerIds, 0, record);

    /// <summary>Version 0 knows fencing alone, which is all that is changed here.</summary>
    public static MetadataRecord Of(BrokerRegistrationChangeRecord record) =>
        new(MetadataRecordType.BrokerRegistrationChange, 0, record);

    public static MetadataRecord Of(RegisterControllerRecord record) =>
        new(MetadataRecordType.RegisterController, 0, record);

    public static MetadataRecord Of(ClearElrRecord record) => new(MetadataRecordType.ClearElr, 0, record);

    public static MetadataRecord Of(BeginTransactionRecord record) =>
        new(MetadataRecordType.BeginTransaction, 0, record);

    public static MetadataRecord Of(EndTransactionRecord record) => new(MetadataRecordType.EndTransaction, 0, record);

    public static MetadataRecord Of(AbortTransactionRecord record) =>
        new(MetadataRecordType.AbortTransaction, 0, record);
}
