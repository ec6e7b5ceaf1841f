using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Membership;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Replication;

/// <summary>Asks the controller for the changes of ISRs that this node's partitions want (AlterPartition, KIP-497).</summary>
/// <remarks>
/// Inputs   Ask, answers of the controller, timers
/// Effects  AlterPartition requests, one at a time, each with everything that waits
///
/// A partition has at most one change open. What was asked is checked again before it is sent: the partition may have
/// another leader by then. A change that nobody answered is asked again as long as the partition still wants it.
/// </remarks>
internal sealed class IsrChanges : IPeerAnswer, ITimed
{
    /// <summary>Bound: partitions of one request.</summary>
    private const int MaxPartitions = 5_000;

    private static readonly Duration RequestTimeout = Duration.FromSeconds(30);
    private static readonly Duration Retry = Duration.FromMilliseconds(50);

    private readonly IControllerChannel _controller;
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly ReplicationContext _context;
    private readonly Func<long> _brokerEpoch;
    private readonly List<Change> _waiting = [];
    private List<Change> _sent = [];
    private bool _isDue;

    public IsrChanges(
        IControllerChannel controller, Timers timers, StepClock clock, ReplicationContext context, Func<long> brokerEpoch)
    {
        _controller = controller;
        _timers = timers;
        _clock = clock;
        _context = context;
        _brokerEpoch = brokerEpoch;
    }

    public void Ask(Partition partition, int[] isr)
    {
        _waiting.Add(new Change(partition, partition.LeaderEpoch, isr));
        SendSoon(Duration.Zero);
    }

    public void TimerFired(in Now now, long token)
    {
        _isDue = false;
        SendAll();
    }

    public void Answered(IMessage response, long token)
    {
        var answer = (AlterPartitionResponse)response;
        var sent = _sent;
        _sent = [];
        if (answer.ErrorCode != (short)ErrorCode.None)
        {
            // This broker's epoch is an old one: it is registering anew, and all its leaderships with it.
            AskAgain(sent);
            return;
        }

        // The metadata may have told before the answer did: it says nothing of what was asked since.
        var undecided = sent.FindAll(change => IsOpen(change) && !IsDecided(change, answer));
        if (undecided.Count > 0)
        {
            AskAgain(undecided);
        }
        else if (_waiting.Count > 0)
        {
            SendSoon(Duration.Zero);
        }
    }

    public void Failed(PeerFailure why, long token)
    {
        var sent = _sent;
        _sent = [];
        AskAgain(sent);
    }

    private void AskAgain(List<Change> changes)
    {
        _waiting.InsertRange(0, changes);
        SendSoon(Retry);
    }

    private void SendSoon(Duration after)
    {
        if (!_isDue && _sent.Count == 0)
        {
            _isDue = true;
            _timers.Set(_clock.Now.Instant + after, this);
        }
    }

    private void SendAll()
    {
        if (_sent.Count > 0)
        {
            return;
        }

        var request = new AlterPartitionRequest { BrokerId = _context.Self, BrokerEpoch = _brokerEpoch() };
        var topics = new SortedDictionary<Uuid, AlterPartitionRequest.TopicData>();
        var count = Math.Min(_waiting.Count, MaxPartitions);
        foreach (var change in _waiting[..count])
        {
            var partition = change.Partition;
            if (!IsOpen(change))
            {
                continue;
            }

            if (!topics.TryGetValue(partition.TopicId, out var topic))
            {
                topic = new AlterPartitionRequest.TopicData { TopicId = partition.TopicId };
                topics.Add(partition.TopicId, topic);
                request.Topics.Add(topic);
            }

            topic.Partitions.Add(Describe(change));
            _sent.Add(change);
        }

        _waiting.RemoveRange(0, count);
        if (_sent.Count > 0)
        {
            _controller.Ask(ApiKey.AlterPartition, request, RequestTimeout, this);
        }
        else if (_waiting.Count > 0)
        {
            SendSoon(Duration.Zero);
        }
    }

    private static bool IsOpen(in Change change) =>
        ReferenceEquals(change.Partition.Leader?.Proposed, change.Isr) && change.Partition.LeaderEpoch == change.Epoch;

    private static bool IsDecided(in Change change, AlterPartitionResponse answer) =>
        Find(answer, change.Partition) is { } decided
        && change.Partition.IsrAnswered(
            (ErrorCode)decided.ErrorCode,
            new LeaderEpoch(decided.LeaderEpoch),
            decided.PartitionEpoch,
            decided.Isr.ToArray());

    private AlterPartitionRequest.PartitionData Describe(in Change change)
    {
        var data = new AlterPartitionRequest.PartitionData
        {
            PartitionIndex = change.Partition.Index,
            LeaderEpoch = change.Epoch.Value,
            PartitionEpoch = change.Partition.PartitionEpoch,
        };
        foreach (var replica in change.Isr)
        {
            var epoch = replica == _context.Self
                ? _brokerEpoch()
                : change.Partition.Leader?.Find(replica)?.BrokerEpoch ?? -1;
            data.NewIsrWithEpochs.Add(new AlterPartitionRequest.BrokerState
            {
                BrokerId = replica,
                BrokerEpoch = epoch >= 0 ? epoch : _context.BrokerEpochOf(replica),
            });
        }

        return data;
    }

    private static AlterPartitionResponse.PartitionData? Find(AlterPartitionResponse response, Partition partition)
    {
        foreach (var topic in response.Topics)
        {
            if (topic.TopicId != partition.TopicId)
            {
                continue;
            }

            foreach (var decided in topic.Partitions)
            {
                if (decided.PartitionIndex == partition.Index)
                {
                    return decided;
                }
            }
        }

        return null;
    }

    private readonly record struct Change(Partition Partition, LeaderEpoch Epoch, int[] Isr);
}
