using System;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// A metadata record as the value of a log record: frame version, kind and version as unsigned varints, then the message.
/// </summary>
public static class MetadataRecordFrame
{
    private const uint FrameVersion = 1;

    /// <summary>Three varints of at most three bytes each.</summary>
    private const int MaxHeaderBytes = 9;

    /// <summary>
    /// Reads one. False for a kind or version this release does not know, or bytes that are no such message: the log was
    /// written by a newer release, and carrying on would be guessing.
    /// </summary>
    public static bool TryRead(Memory<byte> value, out MetadataRecord record)
    {
        record = default;
        var span = value.Span;
        var at = 0;
        if (!TryVarint(span, ref at, out var frame) || frame != FrameVersion
            || !TryVarint(span, ref at, out var type) || !TryVarint(span, ref at, out var version)
            || Create(type) is not { } message || version > HighestVersion((MetadataRecordType)type))
        {
            return false;
        }

        var reader = new ProtocolReader(value[at..]);
        message.Read(ref reader, (short)version);
        record = new MetadataRecord((MetadataRecordType)type, (short)version, message);
        return !reader.Failed;
    }

    /// <summary>The record's bytes, in an array of its own.</summary>
    public static byte[] Write(in MetadataRecord record)
    {
        var size = record.Message.Size(record.Version);
        var bytes = new byte[MaxHeaderBytes + size.Total];
        var at = 0;
        PutVarint(bytes, ref at, FrameVersion);
        PutVarint(bytes, ref at, (uint)record.Type);
        PutVarint(bytes, ref at, (uint)record.Version);
        var writer = new ProtocolWriter(bytes.AsSpan(at, size.Total));
        record.Message.Write(ref writer, record.Version);
        return bytes.AsSpan(0, at + size.Total).ToArray();
    }

    private static bool TryVarint(ReadOnlySpan<byte> bytes, ref int at, out uint value)
    {
        value = 0;
        for (var shift = 0; shift <= 28 && at < bytes.Length; shift += 7)
        {
            var next = bytes[at++];
            value |= (uint)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private static void PutVarint(Span<byte> bytes, ref int at, uint value)
    {
        while (value >= 0x80)
        {
            bytes[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[at++] = (byte)value;
    }

    private static IMessage? Create(uint type) => (MetadataRecordType)type switch
    {
        MetadataRecordType.RegisterBroker => new RegisterBrokerRecord(),
        MetadataRecordType.UnregisterBroker => new UnregisterBrokerRecord(),
        MetadataRecordType.Topic => new TopicRecord(),
        MetadataRecordType.Partition => new PartitionRecord(),
        MetadataRecordType.Config => new ConfigRecord(),
        MetadataRecordType.PartitionChange => new PartitionChangeRecord(),
        MetadataRecordType.FenceBroker => new FenceBrokerRecord(),
        MetadataRecordType.UnfenceBroker => new UnfenceBrokerRecord(),
        MetadataRecordType.RemoveTopic => new RemoveTopicRecord(),
        MetadataRecordType.DelegationToken => new DelegationTokenRecord(),
        MetadataRecordType.UserScramCredential => new UserScramCredentialRecord(),
        MetadataRecordType.FeatureLevel => new FeatureLevelRecord(),
        MetadataRecordType.ClientQuota => new ClientQuotaRecord(),
        MetadataRecordType.ProducerIds => new ProducerIdsRecord(),
        MetadataRecordType.BrokerRegistrationChange => new BrokerRegistrationChangeRecord(),
        MetadataRecordType.AccessControlEntry => new AccessControlEntryRecord(),
        MetadataRecordType.RemoveAccessControlEntry => new RemoveAccessControlEntryRecord(),
        MetadataRecordType.NoOp => new NoOpRecord(),
        MetadataRecordType.ZkMigrationState => new ZkMigrationStateRecord(),
        MetadataRecordType.RemoveUserScramCredential => new RemoveUserScramCredentialRecord(),
        MetadataRecordType.BeginTransaction => new BeginTransactionRecord(),
        MetadataRecordType.EndTransaction => new EndTransactionRecord(),
        MetadataRecordType.AbortTransaction => new AbortTransactionRecord(),
        MetadataRecordType.RemoveDelegationToken => new RemoveDelegationTokenRecord(),
        MetadataRecordType.RegisterController => new RegisterControllerRecord(),
        MetadataRecordType.ClearElr => new ClearElrRecord(),
        _ => null,
    };

    private static short HighestVersion(MetadataRecordType type) => type switch
    {
        MetadataRecordType.RegisterBroker => RegisterBrokerRecord.HighestVersion,
        MetadataRecordType.Partition => PartitionRecord.HighestVersion,
        MetadataRecordType.PartitionChange => PartitionChangeRecord.HighestVersion,
        MetadataRecordType.BrokerRegistrationChange => BrokerRegistrationChangeRecord.HighestVersion,
        _ => 0,
    };
}
