using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// One record of the metadata log and the version it is written in: what the controller decides and what the image
/// folds.
/// </summary>
public readonly record struct MetadataRecord(IMetadataRecord Message, short Version)
{
    private const short RegisterBrokerVersion = 4;
    private const short PartitionVersion = 2;

    /// <summary>
    /// The record in the version that a controller at metadata.version 4.3-IV0 writes; changes of a registration in the
    /// lowest that knows what they change.
    /// </summary>
    public static MetadataRecord Of(IMetadataRecord message) => new(message, message switch
    {
        RegisterBrokerRecord => RegisterBrokerVersion,
        PartitionRecord or PartitionChangeRecord => PartitionVersion,
        BrokerRegistrationChangeRecord { CordonedLogDirs: not null } => 3,
        BrokerRegistrationChangeRecord { LogDirs.Count: > 0 } => 2,
        BrokerRegistrationChangeRecord { InControlledShutdown: not 0 } => 1,
        _ => 0,
    });
}
