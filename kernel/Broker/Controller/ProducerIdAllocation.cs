using System.Collections.Generic;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>
/// Decides AllocateProducerIds: the next block goes to the broker that asks (KIP-730). The block's end is committed before
/// the broker hears of it, so no id is ever given twice; a block whose answer is lost is given to nobody.
/// </summary>
internal static class ProducerIdAllocation
{
    /// <summary>Kafka's block.</summary>
    public const int BlockSize = 1000;

    public static AllocateProducerIdsResponse Decide(
        ControllerView view, AllocateProducerIdsRequest request, List<MetadataRecord> records)
    {
        if (view.Image.Cluster.Find(request.BrokerId)?.Epoch != request.BrokerEpoch)
        {
            return new AllocateProducerIdsResponse { ErrorCode = (short)ErrorCode.StaleBrokerEpoch };
        }

        var first = view.Image.NextProducerId;
        Invariant.Check(first <= long.MaxValue - BlockSize);
        records.Add(MetadataRecord.Of(new ProducerIdsRecord
        {
            BrokerId = request.BrokerId,
            BrokerEpoch = request.BrokerEpoch,
            NextProducerId = first + BlockSize,
        }));
        return new AllocateProducerIdsResponse
        {
            ProducerIdStart = first,
            ProducerIdLen = BlockSize,
        };
    }
}
