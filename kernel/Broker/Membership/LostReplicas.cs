using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Controller;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>
/// Tells the controller of replicas whose logs do not hold what this broker had flushed of them, while the broker is fenced.
/// </summary>
/// <remarks>
/// Inputs   Tell, answers of the controller, timers
/// Effects  AssignReplicasToDirs, twice: the replica lies in no directory (LOST), and then in this one, as one made anew would
///
/// The rule a reader would get wrong: it does not end before the controller has agreed, however long that takes. Until then the
/// recovery point on the disk says what is missing, and a broker that is fenced is not elected, whatever it is eligible for.
/// </remarks>
internal sealed class LostReplicas : IPeerAnswer, ITimed
{
    /// <summary>Bound: replicas in one request, as Kafka has it.</summary>
    private const int MaxAtOnce = 2250;

    private static readonly Duration RequestTimeout = Duration.FromSeconds(5);
    private static readonly Duration RetryBackoff = Duration.FromMilliseconds(100);

    private readonly IControllerChannel _controller;
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly BrokerId _self;
    private readonly Func<long> _brokerEpoch;
    private Ticket _turn = Ticket.Done();
    private bool _isAgreed;

    public LostReplicas(
        IControllerChannel controller, Timers timers, StepClock clock, BrokerId self, Func<long> brokerEpoch)
    {
        _controller = controller;
        _timers = timers;
        _clock = clock;
        _self = self;
        _brokerEpoch = brokerEpoch;
    }

    /// <summary>Ends when the controller counts on none of these replicas any more, and knows that they lie here.</summary>
    public IEnumerator<Ticket> Tell(List<(Uuid Topic, int Index)> lost, Uuid home)
    {
        for (var from = 0; from < lost.Count; from += MaxAtOnce)
        {
            var some = lost.GetRange(from, Math.Min(MaxAtOnce, lost.Count - from));
            foreach (var directory in (Uuid[])[ReplicaPlacement.Lost, home])
            {
                _isAgreed = false;
                while (!_isAgreed)
                {
                    _turn = new Ticket();
                    _controller.Ask(ApiKey.AssignReplicasToDirs, Request(some, directory), RequestTimeout, this);
                    yield return _turn;
                }
            }
        }
    }

    public void Answered(IMessage response, long token)
    {
        if (((AssignReplicasToDirsResponse)response).ErrorCode == (short)ErrorCode.None)
        {
            // A replica that is refused is none of this broker's any more.
            _isAgreed = true;
            _turn.Complete();
            return;
        }

        TryAgainLater();
    }

    public void Failed(PeerFailure why, long token) => TryAgainLater();

    public void TimerFired(in Now now, long token) => _turn.Complete();

    private void TryAgainLater() => _timers.Set(_clock.Now.Instant + RetryBackoff, this);

    private AssignReplicasToDirsRequest Request(List<(Uuid Topic, int Index)> replicas, Uuid directory)
    {
        var named = new AssignReplicasToDirsRequest.DirectoryData { Id = directory };
        foreach (var (topicId, index) in replicas)
        {
            var topic = named.Topics.Find(topic => topic.TopicId == topicId);
            if (topic is null)
            {
                topic = new AssignReplicasToDirsRequest.TopicData { TopicId = topicId };
                named.Topics.Add(topic);
            }

            topic.Partitions.Add(new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = index });
        }

        return new AssignReplicasToDirsRequest
        {
            BrokerId = _self.Value,
            BrokerEpoch = _brokerEpoch(),
            Directories = [named],
        };
    }
}
