using System;
using System.Collections.Generic;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Replication;

/// <summary>Fetches everything that this node replicates from one other broker, over one connection.</summary>
/// <remarks>
/// Inputs   Add, Remove, LogAdvanced, answers, timers
/// Effects  Fetch and ListOffsets requests; Append, Flush and truncation of logs
///
/// One round: fetch, append, flush what wants flushing, fetch again. Many partitions share the flush and the request, and a
/// fetch session (KIP-227) names only those that have moved.
///
/// The rule a reader would get wrong: a fetch is an acknowledgement of everything before its offset. So no fetch is sent while
/// something appended by the last one waits for its flush. Logs that part are cut at the end of the last epoch that they share,
/// which the leader's answer says (KIP-101, KIP-279, KIP-595), never at the high watermark.
/// </remarks>
internal sealed class ReplicaFetcher : IPeerAnswer, ITimed
{
    private const long FetchToken = 0;
    private static readonly Duration Delay = Duration.FromMilliseconds(50);
    private static readonly Duration ThrottleDelay = Duration.FromMilliseconds(100);
    private static readonly Duration RequestTimeout = Duration.FromSeconds(30);

    private readonly FetcherEnvironment _environment;
    private readonly PeerChannel _channel;
    private readonly SortedDictionary<(Uuid, int), FollowedPartition> _followed = [];
    private readonly SortedDictionary<(Uuid, int), bool> _forgotten = [];
    /// <summary>Whose flush the next round was last found waiting for: of thousands only it is looked at again.</summary>
    private FollowedPartition? _awaited;
    private TimerHandle? _timer;
    private int _sessionId;
    private int _sessionEpoch;
    private bool _isFetching;
    private bool _isClosed;

    public ReplicaFetcher(FetcherEnvironment environment, PeerAddress leader)
    {
        _environment = environment;
        Leader = leader;
        _channel = environment.Peers.Open(leader, "replica-fetcher");
    }

    public PeerAddress Leader { get; }

    public int Count => _followed.Count;

    public void Add(Partition partition)
    {
        _followed[(partition.TopicId, partition.Index)] = new FollowedPartition(partition);
        _forgotten.Remove((partition.TopicId, partition.Index));
        PumpSoon(Duration.Zero);
    }

    public void Remove(Partition partition)
    {
        var key = (partition.TopicId, partition.Index);
        _awaited = null;
        if (_followed.Remove(key, out var followed) && followed.Told is not null)
        {
            _forgotten[key] = true;
        }

        // The others may have waited for this one's flush, of which nobody will tell any more.
        PumpSoon(Duration.Zero);
    }

    public void Close()
    {
        _isClosed = true;
        _environment.Timers.Cancel(_timer);
        _channel.Close();
    }

    /// <summary>A log of this node has been flushed further.</summary>
    public void LogAdvanced(Partition partition)
    {
        if (!_isFetching && _followed.ContainsKey((partition.TopicId, partition.Index)))
        {
            Pump();
        }
    }

    public void TimerFired(in Now now, long token)
    {
        _timer = null;
        Pump();
    }

    public void Answered(IMessage response, long token)
    {
        _isFetching = false;
        if (_isClosed)
        {
            return;
        }

        var answer = (FetchResponse)response;
        if (answer.ErrorCode != (short)ErrorCode.None)
        {
            ForgetSession();
            PumpSoon((ErrorCode)answer.ErrorCode is ErrorCode.FetchSessionIdNotFound or ErrorCode.InvalidFetchSessionEpoch
                ? Duration.Zero
                : Delay);
            return;
        }

        _sessionId = answer.SessionId;
        _sessionEpoch = answer.SessionId == 0 ? 0 : _sessionEpoch + 1;
        foreach (var topic in answer.Responses)
        {
            foreach (var partition in topic.Partitions)
            {
                if (_followed.TryGetValue((topic.TopicId, partition.PartitionIndex), out var followed)
                    && followed.Epoch == followed.Partition.LeaderEpoch
                    && followed.State == FollowState.Ready
                    && followed.Told?.From == followed.FetchOffset)
                {
                    Take(followed, partition);
                }
            }
        }

        Pump();
    }

    public void Failed(PeerFailure why, long token)
    {
        _isFetching = false;
        ForgetSession();
        if (!_isClosed)
        {
            PumpSoon(Delay);
        }
    }

    private void Take(FollowedPartition followed, FetchResponse.PartitionData answer)
    {
        switch ((ErrorCode)answer.ErrorCode)
        {
            case ErrorCode.None when answer.DivergingEpoch.Epoch >= 0:
                CutTo(followed, WhereLogsPart(followed.Partition, answer.DivergingEpoch));
                break;
            case ErrorCode.None:
                TakeRecords(followed, answer);
                break;
            case ErrorCode.OffsetOutOfRange:
                AskWhereItBegins(followed);
                break;
            default:
                // The metadata are on their way to one of the two.
                followed.State = FollowState.Delayed;
                followed.DelayedUntil = _environment.Now.Instant + Delay;
                break;
        }
    }

    private void TakeRecords(FollowedPartition followed, FetchResponse.PartitionData answer)
    {
        var partition = followed.Partition;
        if (answer.Records is { Length: > 0 } records)
        {
            if (partition.Throttling.AsFollower)
            {
                _environment.Quota.Record(_environment.Now.Instant, records.Length);
            }

            var outcome = partition.AppendFromLeader(_environment.Now, records.Bytes);
            if (outcome.Error != ErrorCode.None)
            {
                followed.State = FollowState.Delayed;
                followed.DelayedUntil = _environment.Now.Instant + Delay;
            }
        }

        followed.IsLevel = partition.Log!.LogEndOffset.Value >= answer.HighWatermark;
        partition.LeaderSaid(new Offset(answer.HighWatermark), new Offset(answer.LogStartOffset), _environment.Now);
    }

    private static Offset WhereLogsPart(Partition partition, FetchResponse.EpochEndOffset diverging)
    {
        var log = partition.Log!;
        var end = new Offset(diverging.EndOffset);
        var (epoch, ownEnd) = log.EndOffsetForEpoch(new LeaderEpoch(diverging.Epoch));
        var to = epoch == LeaderEpoch.None ? Offset.Min(end, log.LogEndOffset)
            : epoch.Value == diverging.Epoch ? Offset.Min(end, ownEnd)
            : ownEnd;
        return Offset.Max(to, log.LogStartOffset);
    }

    private void CutTo(FollowedPartition followed, Offset to)
    {
        followed.State = FollowState.Busy;
        followed.Partition.Truncate(to, () =>
        {
            followed.State = FollowState.Ready;
            PumpSoon(Duration.Zero);
        });
    }

    /// <summary>The leader deleted what comes next, by retention or on request.</summary>
    private void AskWhereItBegins(FollowedPartition followed)
    {
        followed.State = FollowState.Busy;
        var request = new ListOffsetsRequest
        {
            ReplicaId = _environment.Self,
            Topics =
            [
                new ListOffsetsRequest.ListOffsetsTopic
                {
                    Name = followed.Partition.Topic,
                    Partitions =
                    [
                        new ListOffsetsRequest.ListOffsetsPartition
                        {
                            PartitionIndex = followed.Partition.Index,
                            CurrentLeaderEpoch = followed.Epoch.Value,
                            Timestamp = -2,
                        },
                    ],
                },
            ],
        };
        _channel.Send(ApiKey.ListOffsets, request, RequestTimeout, new BeginningAnswer(this, followed));
    }

    private void BeginningFound(FollowedPartition followed, long offset)
    {
        followed.State = FollowState.Delayed;
        followed.DelayedUntil = _environment.Now.Instant + Delay;
        var partition = followed.Partition;
        if (!_isClosed && offset >= 0 && partition.LeaderEpoch == followed.Epoch && !partition.IsLeader
            && new Offset(offset) > partition.Log!.LogEndOffset && !partition.IsRemoved)
        {
            CutTo(followed, new Offset(offset));
            return;
        }

        PumpSoon(Delay);
    }

    // Sending

    private void PumpSoon(Duration after)
    {
        var at = _environment.Now.Instant + after;
        if (_isClosed || (_timer is { IsPending: true } timer && timer.Deadline <= at))
        {
            return;
        }

        _environment.Timers.Cancel(_timer);
        _timer = _environment.Timers.Set(at, this);
    }

    private void Pump()
    {
        if (_isFetching || _isClosed || _followed.Count == 0 || _awaited is { State: FollowState.Ready, IsFlushing: true })
        {
            return;
        }

        foreach (var (_, followed) in _followed)
        {
            if (followed.State == FollowState.Ready && followed.IsFlushing)
            {
                _awaited = followed;
                return;
            }
        }

        _awaited = null;

        if (Build() is { } request)
        {
            _isFetching = true;
            _channel.Send(ApiKey.Fetch, request, RequestTimeout, this, FetchToken);
        }
    }

    private FetchRequest? Build()
    {
        var isWhole = _sessionId == 0;
        var limits = _environment.Limits;
        var request = new FetchRequest
        {
            ReplicaState = new FetchRequest.ReplicaStateStruct
            {
                ReplicaId = _environment.Self,
                ReplicaEpoch = _environment.BrokerEpoch(),
            },
            MaxWaitMs = limits.MaxWaitMs,
            MinBytes = limits.MinBytes,
            MaxBytes = limits.MaxResponseBytes,
            SessionId = _sessionId,
            SessionEpoch = isWhole ? 0 : _sessionEpoch,
        };
        var ready = 0;
        var delayed = Instant.Never;
        FetchRequest.FetchTopic? topic = null;
        foreach (var (key, followed) in _followed)
        {
            if (!IsReady(followed, ref delayed))
            {
                Forget(key, followed);
                continue;
            }

            ready++;
            var position = PositionOf(followed);
            if (!isWhole && followed.Told == position)
            {
                continue;
            }

            followed.Told = position;
            _forgotten.Remove(key);
            if (topic is null || topic.TopicId != followed.Partition.TopicId)
            {
                topic = new FetchRequest.FetchTopic { Topic = followed.Partition.Topic, TopicId = followed.Partition.TopicId };
                request.Topics.Add(topic);
            }

            topic.Partitions.Add(Describe(followed, position));
        }

        AddForgotten(request, isWhole);
        if (delayed != Instant.Never)
        {
            PumpSoon(delayed - _environment.Now.Instant);
        }

        return ready > 0 ? request : null;
    }

    private bool IsReady(FollowedPartition followed, ref Instant delayed)
    {
        if (followed.State == FollowState.Delayed && followed.DelayedUntil <= _environment.Now.Instant)
        {
            followed.State = FollowState.Ready;
        }

        if (followed.State == FollowState.Delayed)
        {
            delayed = Instant.Min(delayed, followed.DelayedUntil);
        }

        if (followed is { IsLevel: false, Partition.Throttling.AsFollower: true }
            && _environment.Quota.IsExceeded(_environment.Now.Instant))
        {
            delayed = Instant.Min(delayed, _environment.Now.Instant + ThrottleDelay);
            return false;
        }

        return followed.State == FollowState.Ready && followed.Epoch == followed.Partition.LeaderEpoch;
    }

    private void Forget((Uuid, int) key, FollowedPartition followed)
    {
        if (followed.Told is not null)
        {
            followed.Told = null;
            _forgotten[key] = true;
        }
    }

    private void AddForgotten(FetchRequest request, bool isWhole)
    {
        if (!isWhole)
        {
            foreach (var ((id, index), _) in _forgotten)
            {
                if (request.ForgottenTopicsData.Count == 0 || request.ForgottenTopicsData[^1].TopicId != id)
                {
                    request.ForgottenTopicsData.Add(new FetchRequest.ForgottenTopic { TopicId = id });
                }

                request.ForgottenTopicsData[^1].Partitions.Add(index);
            }
        }

        _forgotten.Clear();
    }

    private static (Offset From, int LastEpoch, long LogStart) PositionOf(FollowedPartition followed)
    {
        var log = followed.Partition.Log!;
        return (followed.FetchOffset, log.LatestEpoch.Value, log.LogStartOffset.Value);
    }

    private FetchRequest.FetchPartition Describe(
        FollowedPartition followed, in (Offset From, int LastEpoch, long LogStart) position) => new()
    {
        Partition = followed.Partition.Index,
        CurrentLeaderEpoch = followed.Epoch.Value,
        FetchOffset = position.From.Value,
        LastFetchedEpoch = position.LastEpoch,
        LogStartOffset = position.LogStart,
        PartitionMaxBytes = _environment.Limits.MaxPartitionBytes,
    };

    private void ForgetSession()
    {
        _sessionId = 0;
        _sessionEpoch = 0;
        _forgotten.Clear();
    }

    private sealed class BeginningAnswer(ReplicaFetcher fetcher, FollowedPartition followed) : IPeerAnswer
    {
        public void Answered(IMessage response, long token)
        {
            var isFound = ((ListOffsetsResponse)response).Topics is [{ Partitions: [{ ErrorCode: 0 } found] }] ? found : null;
            fetcher.BeginningFound(followed, isFound?.Offset ?? -1);
        }

        public void Failed(PeerFailure why, long token) => fetcher.BeginningFound(followed, -1);
    }
}
