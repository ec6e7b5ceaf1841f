using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// One Produce that waits until the high watermarks of its partitions cover what it appended, or its time is up.
/// </summary>
internal sealed class ProduceWaiter : IHighWatermarkWaiter, ITimed
{
    private const short FirstVersionWithLeaders = 10;

    private readonly Broker _broker;
    private readonly Exchange _exchange;
    private readonly ProduceResponse _response;
    private List<Awaited>? _awaited;
    private readonly bool _waitsForAll;
    private int _outstanding;
    private bool _hasBegun;
    private bool _isOver;
    private TimerHandle? _timeout;

    public ProduceWaiter(Broker broker, Exchange exchange, ProduceResponse response, short acks)
    {
        _waitsForAll = acks == -1;
        _broker = broker;
        _exchange = exchange;
        _response = response;
    }

    /// <summary>
    /// With acks=-1 the answer waits until <paramref name="needed"/> is below the partition's high watermark.
    /// </summary>
    public void Await(Partition partition, Offset needed, ProduceResponse.PartitionProduceResponse answer)
    {
        if (_waitsForAll)
        {
            _awaited ??= [];
            _awaited.Add(new Awaited(partition, partition.LeaderEpoch, needed, answer));
        }
    }

    /// <summary>Everything is appended: answer, or wait.</summary>
    public void Begin(int timeoutMs)
    {
        if (_awaited is { } awaited)
        {
            for (var i = 0; i < awaited.Count; i++)
            {
                if (!awaited[i].Partition.WaitFor(awaited[i].Needed, this, i))
                {
                    _outstanding++;
                }
            }
        }

        _hasBegun = true;
        if (_outstanding == 0)
        {
            Finish();
            return;
        }

        var deadline = _broker.Now.Instant + Duration.FromMilliseconds(timeoutMs > 0 ? timeoutMs : 0);
        _timeout = _broker.Timers.Set(deadline, this);
    }

    public void HighWatermarkReached(Partition partition, long token)
    {
        if (_isOver)
        {
            return;
        }

        var awaited = _awaited![(int)token];
        if (partition.IsRemoved)
        {
            awaited.Answer.ErrorCode = (short)ErrorCode.UnknownTopicOrPartition;
        }
        else if (!partition.IsLeader || partition.LeaderEpoch != awaited.Epoch)
        {
            // Another leader may have the records or not: only trying again can tell.
            awaited.Answer.ErrorCode = (short)ErrorCode.NotLeaderOrFollower;
        }
        else if (partition.IsUnderMinIsr)
        {
            awaited.Answer.ErrorCode = (short)ErrorCode.NotEnoughReplicasAfterAppend;
        }

        _outstanding--;
        if (_hasBegun && _outstanding == 0)
        {
            _broker.Timers.Cancel(_timeout);
            Finish();
        }
    }

    public void TimerFired(in Now now, long token)
    {
        if (_isOver)
        {
            return;
        }

        foreach (var (partition, _, needed, answer) in _awaited!)
        {
            if (answer.ErrorCode == 0 && partition.HighWatermark < needed)
            {
                answer.ErrorCode = (short)ErrorCode.RequestTimedOut;
            }
        }

        Finish();
    }

    private void Finish()
    {
        _isOver = true;
        if (_exchange.Origin.Outstanding > 1)
        {
            _broker.Effects.Reached(ProbePoint.GroupCommit);
        }

        TellLeaders();
        _exchange.Answer(_response);
    }

    /// <summary>Who was asked in vain is told who leads instead (KIP-951).</summary>
    private void TellLeaders()
    {
        if (_exchange.Version < FirstVersionWithLeaders)
        {
            return;
        }

        List<int>? told = null;
        foreach (var topic in _response.Responses)
        {
            foreach (var answer in topic.PartitionResponses)
            {
                if (answer.ErrorCode != (short)ErrorCode.NotLeaderOrFollower
                    || LeaderCheck.Current(_broker, _exchange, topic.Name, topic.TopicId, answer.Index) is not { } current)
                {
                    continue;
                }

                answer.CurrentLeader.LeaderId = current.Partition.Leader;
                answer.CurrentLeader.LeaderEpoch = current.Partition.LeaderEpoch.Value;
                if (current.Address is { } address && LeaderCheck.IsNew(told ??= [], current.Partition.Leader))
                {
                    _response.NodeEndpoints.Add(new ProduceResponse.NodeEndpoint
                    {
                        NodeId = current.Partition.Leader,
                        Host = address.Host,
                        Port = address.Port,
                        Rack = current.Rack,
                    });
                }
            }
        }
    }

    private readonly record struct Awaited(
        Partition Partition, LeaderEpoch Epoch, Offset Needed, ProduceResponse.PartitionProduceResponse Answer);
}
