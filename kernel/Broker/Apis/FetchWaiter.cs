using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Broker.Replication;
using Deterministic.Broker.Requests;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>One Fetch from its arrival to its answer.</summary>
/// <remarks>
/// Inputs   Begin, PartitionAdvanced, TimerFired
///
/// The answer is put together in one step: slices are named and sent together, so no segment can go away between.
/// Where a
/// position is not known in memory the log looks it up on disk first, which may take steps, and everything is read
/// anew.
/// </remarks>
internal sealed class FetchWaiter : IFetchWaiter, ITimed
{
    /// <summary>Bound: the largest answer, <c>fetch.max.bytes</c> of the broker.</summary>
    public const int MaxResponseBytes = 55 * 1024 * 1024;

    private const short FirstVersionWithTopicIds = 13;
    private const short FirstVersionWithLeaders = 16;

    private readonly Broker _broker;
    private readonly Exchange _exchange;
    private readonly FetchRequest _request;
    private readonly FetchContext _context;
    private readonly FetchResponse.PartitionData[] _answers;

    /// <summary>Where each partition stands in <see cref="_registered"/>: a session may name thousands.</summary>
    private readonly Dictionary<Partition, int> _places = [];

    /// <summary>Partitions that will call; null where one has called.</summary>
    private readonly List<Partition?> _registered = [];
    private Instant _deadline;
    private TimerHandle? _timer;
    private int _coldReadsLeft;
    private bool _isReadingCold;
    private bool _hasArrived;
    private bool _isOver;

    public FetchWaiter(Broker broker, Exchange exchange, FetchRequest request, FetchContext context)
    {
        _broker = broker;
        _exchange = exchange;
        _request = request;
        _context = context;
        _answers = new FetchResponse.PartitionData[context.Positions.Count];
        _coldReadsLeft = (2 * context.Positions.Count) + 2;
    }

    public void Begin()
    {
        _deadline = _broker.Now.Instant + Duration.FromMilliseconds(Math.Max(0, _request.MaxWaitMs));
        Evaluate();
    }

    public void PartitionAdvanced(Partition partition)
    {
        if (_places.TryGetValue(partition, out var place))
        {
            _registered[place] = null;
        }

        if (_isOver || _isReadingCold)
        {
            return;
        }

        _broker.Effects.Reached(ProbePoint.FetchWokenByAppend);
        Evaluate();
    }

    public void TimerFired(in Now now, long token)
    {
        _timer = null;
        if (!_isOver && !_isReadingCold)
        {
            Evaluate();
        }
    }

    private void Evaluate()
    {
        if (_exchange.IsAbandoned)
        {
            End();
            return;
        }

        var total = 0L;
        var mustAnswer = _context.Positions.Count == 0;
        var budget = Math.Min(_request.MaxBytes, MaxResponseBytes);
        for (var i = 0; i < _answers.Length; i++)
        {
            var position = _context.Positions[i];
            var room = new FetchRoom(budget, total == 0, !_hasArrived);
            var read = FetchReader.Read(_broker, _request, _exchange.Version, position, room);
            if (read.NeedsDisk && _coldReadsLeft > 0)
            {
                ReadCold(read.Log!, position);
                return;
            }

            _answers[i] = read.Answer;
            total += read.Bytes;
            budget -= read.Bytes;
            mustAnswer |= read.MustAnswer;
        }

        _hasArrived = true;
        if (mustAnswer || total >= _request.MinBytes || _broker.Now.Instant >= _deadline)
        {
            Answer();
            return;
        }

        Wait();
    }

    private void ReadCold(PartitionLog log, FetchPosition position)
    {
        _coldReadsLeft--;
        _isReadingCold = true;
        _broker.Effects.Reached(ProbePoint.ColdFetch);
        var routine = log.ReadCold(new Offset(position.FetchOffset));
        Routine.Run(routine, AfterColdRead);
    }

    private void AfterColdRead()
    {
        _isReadingCold = false;
        Evaluate();
    }

    private void Wait()
    {
        foreach (var position in _context.Positions)
        {
            var partition = FetchReader.Find(_broker, _exchange.Version, position);
            if (partition is not null && TryRegister(partition))
            {
                if (FetchReader.ReplicaOf(_request, _exchange.Version) >= 0)
                {
                    partition.WaitForAppend(this);
                }
                else
                {
                    partition.WaitForFetch(this);
                }
            }
        }

        _timer ??= _broker.Timers.Set(_deadline, this);
    }

    /// <summary>False where it will call already.</summary>
    private bool TryRegister(Partition partition)
    {
        if (!_places.TryGetValue(partition, out var place))
        {
            place = _registered.Count;
            _places.Add(partition, place);
            _registered.Add(null);
        }

        if (_registered[place] is not null)
        {
            return false;
        }

        _registered[place] = partition;
        return true;
    }

    private void Answer()
    {
        End();
        if (_exchange.Version >= FirstVersionWithTopicIds && HasNamelessBeforeOthers())
        {
            _exchange.Answer(new FetchResponse { ErrorCode = (short)ErrorCode.UnknownServerError });
            return;
        }

        var response = new FetchResponse { SessionId = _context.SessionId };
        var gaveData = new HashSet<FetchPosition>();
        FetchResponse.FetchableTopicResponse? topic = null;
        for (var i = 0; i < _answers.Length; i++)
        {
            var position = _context.Positions[i];
            var answer = _answers[i];
            if (answer.Records is { Length: > 0 } records)
            {
                gaveData.Add(position);
                CountThrottled(position, records.Length);
                _broker.Effects.Add(new Note(NoteKind.Fetched, position.Topic, records.Length, answer.HighWatermark));
            }

            if (_context.IsIncremental && !IsNews(position, answer))
            {
                continue;
            }

            position.ToldHighWatermark = answer.HighWatermark;
            position.ToldLogStartOffset = answer.LogStartOffset;
            if (topic is null || topic.TopicId != position.TopicId || topic.Topic != position.Topic)
            {
                topic = new FetchResponse.FetchableTopicResponse { Topic = position.Topic, TopicId = position.TopicId };
                response.Responses.Add(topic);
            }

            topic.Partitions.Add(answer);
        }

        _context.Session?.MoveToEnd(gaveData);
        TellLeaders(response);
        _exchange.Answer(response);
    }

    /// <summary>What a throttled leader gives is counted, whoever in or out of sync it is for, as Kafka does.</summary>
    private void CountThrottled(FetchPosition position, int bytes)
    {
        if (FetchReader.ReplicaOf(_request, _exchange.Version) >= 0
            && FetchReader.Find(_broker, _exchange.Version, position) is { Throttling.AsLeader: true })
        {
            _broker.ReplicationQuotas.Leader.Record(_broker.Now.Instant, bytes);
        }
    }

    /// <summary>
    /// Kafka's answer ends with the topics nobody knows, then the partitions nobody knows. Behind a topic id of zero, which
    /// can have no name, it cannot put another partition: it gives the whole answer up.
    /// </summary>
    private bool HasNamelessBeforeOthers()
    {
        var isAfterNameless = false;
        for (var i = 0; i < _answers.Length; i++)
        {
            if (_answers[i].ErrorCode == (short)ErrorCode.UnknownTopicId)
            {
                if (isAfterNameless)
                {
                    return true;
                }

                isAfterNameless = _context.Positions[i].TopicId.IsZero;
            }
        }

        return isAfterNameless
            && Array.Exists(_answers, answer => answer.ErrorCode == (short)ErrorCode.UnknownTopicOrPartition);
    }

    /// <summary>Who was asked in vain is told who leads instead (KIP-951).</summary>
    private void TellLeaders(FetchResponse response)
    {
        if (_exchange.Version < FirstVersionWithLeaders)
        {
            return;
        }

        List<int>? told = null;
        foreach (var topic in response.Responses)
        {
            foreach (var answer in topic.Partitions)
            {
                if (!LeaderCheck.IsAboutLeader(answer.ErrorCode)
                    || LeaderCheck.Current(_broker, _exchange, topic.Topic, topic.TopicId, answer.PartitionIndex)
                        is not { } current)
                {
                    continue;
                }

                answer.CurrentLeader.LeaderId = current.Partition.Leader;
                answer.CurrentLeader.LeaderEpoch = current.Partition.LeaderEpoch.Value;
                if (current.Address is { } address && LeaderCheck.IsNew(told ??= [], current.Partition.Leader))
                {
                    response.NodeEndpoints.Add(new FetchResponse.NodeEndpoint
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

    private static bool IsNews(FetchPosition position, FetchResponse.PartitionData answer) =>
        answer.ErrorCode != 0
        || answer.Records is { Length: > 0 }
        || answer.DivergingEpoch.Epoch >= 0
        || answer.PreferredReadReplica >= 0
        || answer.HighWatermark != position.ToldHighWatermark
        || answer.LogStartOffset != position.ToldLogStartOffset;

    private void End()
    {
        _isOver = true;
        _broker.Timers.Cancel(_timer);
        foreach (var partition in _registered)
        {
            partition?.StopWaitingForFetch(this);
        }

        _registered.Clear();
        _places.Clear();
    }
}
