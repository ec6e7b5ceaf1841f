using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>
/// Before a consumer reads on from a leader of another epoch, it asks whether what it read stands there, too (KIP-320):
/// OffsetForLeaderEpoch, with the epoch of the last record. Where it does not, the application is told and the position goes
/// back.
/// </summary>
/// <remarks>
/// Valid    -> Unknown  metadata name another leader epoch
/// Unknown  -> Valid    nothing was read yet, or the leader has the last epoch at least up to the position
/// Unknown  -> Unknown  the logs part: told, set back, and the epoch before is asked for in its turn
///
/// The rule a reader would get wrong: an answer counts for the leader epoch that it was asked in, and a fetch names that epoch,
/// so that nobody of the past answers who does not know yet that it leads no more.
/// </remarks>
internal sealed class PositionValidation(Cluster cluster, List<ConsumedRecord> records)
{
    private const int Unknown = -1;

    public List<LogTruncation> Truncations { get; } = [];

    /// <summary>The leader must be asked before anything is fetched. Settles in which epoch the next request asks.</summary>
    public bool IsDue(ConsumerPosition position)
    {
        var topic = cluster.TopicIdOf(position.Topic);
        if (position.TopicId != topic)
        {
            // What was read of another topic of that name says nothing of this one, whose epochs begin early again.
            if (position.TopicId != Uuid.Zero)
            {
                position.Trail.Clear();
            }

            position.TopicId = topic;
            position.ValidIn = Unknown;
            position.FetchedIn = Unknown;
        }

        position.AskedIn = cluster.LeaderEpochOf(position.Topic, position.Partition);
        if (position.LastEpoch < 0)
        {
            position.ValidIn = position.AskedIn;
        }

        return position.AskedIn >= 0 && position.AskedIn != position.ValidIn;
    }

    public static OffsetForLeaderEpochRequest Request(List<ConsumerPosition> positions)
    {
        var request = new OffsetForLeaderEpochRequest { ReplicaId = -1 };
        foreach (var position in positions)
        {
            var topic = new OffsetForLeaderEpochRequest.OffsetForLeaderTopic { Topic = position.Topic };
            topic.Partitions.Add(new OffsetForLeaderEpochRequest.OffsetForLeaderPartition
            {
                Partition = position.Partition,
                CurrentLeaderEpoch = position.AskedIn,
                LeaderEpoch = position.LastEpoch,
            });
            request.Topics.Add(topic);
        }

        return request;
    }

    /// <summary>
    /// Where the position's last epoch, or the latest before it, ends in the log of the leader that was asked; -1 where the
    /// leader knows of none.
    /// </summary>
    public void Take(ConsumerPosition position, int epoch, long end)
    {
        var isKnown = epoch >= 0 && end >= 0;
        if (isKnown && position.Trail.Agrees(epoch, end, position.Offset))
        {
            position.ValidIn = position.AskedIn;
            return;
        }

        var (before, last) = (position.Offset, position.LastEpoch);
        position.ValidIn = Unknown;
        position.Offset = isKnown ? position.Trail.Cut(epoch, end, before) : Unknown;
        if (position.Offset < before)
        {
            position.HighWatermark = Unknown;
            Tell(position, before, last, isKnown ? epoch : Unknown);
        }

        if (!isKnown)
        {
            position.Trail.Clear();
        }
    }

    /// <summary>Records that the owner has not taken yet and that are gone do not reach it any more.</summary>
    private void Tell(ConsumerPosition position, long before, int last, int epoch)
    {
        records.RemoveAll(record => record.Partition == position.Partition && record.Topic == position.Topic
            && record.Offset >= position.Offset);
        Truncations.Add(new LogTruncation(position.Topic, position.Partition, before, last, position.Offset, epoch));
    }
}
