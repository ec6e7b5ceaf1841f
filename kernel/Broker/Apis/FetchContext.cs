using System.Collections.Generic;
using Deterministic.Broker.Replication;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// What one Fetch is about once its session has been looked up: which positions, and how to answer.
/// </summary>
internal sealed class FetchContext
{
    private const int FinalEpoch = -1;
    private const int InitialEpoch = 0;

    private FetchContext(ErrorCode error)
    {
        Error = error;
    }

    /// <summary>A top-level error; the answer then has nothing else in it.</summary>
    public ErrorCode Error { get; }

    public FetchSession? Session { get; private init; }

    /// <summary>True where only what changed is told.</summary>
    public bool IsIncremental { get; private init; }

    public IReadOnlyList<FetchPosition> Positions { get; private init; } = [];

    public int SessionId => Session?.Id ?? 0;

    /// <summary>Finds, creates or closes the session the request speaks of (KIP-227).</summary>
    public static FetchContext Of(Broker broker, FetchRequest request, short version)
    {
        if (request.SessionEpoch is FinalEpoch or InitialEpoch)
        {
            return Full(broker, request, version);
        }

        var session = broker.FetchSessions.Find(request.SessionId);
        if (session is null)
        {
            return new FetchContext(ErrorCode.FetchSessionIdNotFound);
        }

        if (session.NextEpoch != request.SessionEpoch)
        {
            return new FetchContext(ErrorCode.InvalidFetchSessionEpoch);
        }

        if (session.UsesTopicIds != version >= 13)
        {
            return new FetchContext(ErrorCode.FetchSessionTopicIdError);
        }

        foreach (var position in PositionsOf(request))
        {
            session.Update(position);
        }

        foreach (var topic in request.ForgottenTopicsData)
        {
            foreach (var partition in topic.Partitions)
            {
                session.Forget(topic.Topic, topic.TopicId, partition);
            }
        }

        session.LastUsed = broker.Now.Instant;
        if (session.Positions.Count == 0)
        {
            broker.FetchSessions.Remove(session.Id);
            return new FetchContext(ErrorCode.None);
        }

        session.AdvanceEpoch();
        return new FetchContext(ErrorCode.None)
        {
            Session = session,
            IsIncremental = true,
            Positions = new List<FetchPosition>(session.Positions),
        };
    }

    private static FetchContext Full(Broker broker, FetchRequest request, short version)
    {
        if (request.SessionId != 0)
        {
            broker.FetchSessions.Remove(request.SessionId);
        }

        var positions = PositionsOf(request);
        var session = request.SessionEpoch == InitialEpoch
            ? broker.FetchSessions.TryCreate(version >= 13, broker.Now.Instant)
            : null;
        if (session is not null)
        {
            foreach (var position in positions)
            {
                session.Update(position);
            }
        }

        return new FetchContext(ErrorCode.None) { Session = session, Positions = positions };
    }

    /// <summary>One position for each partition, where it was first named, with what was said of it last.</summary>
    private static List<FetchPosition> PositionsOf(FetchRequest request)
    {
        var positions = new List<FetchPosition>();
        var placeOf = new Dictionary<(string Topic, Uuid TopicId, int Partition), int>();
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                var position = new FetchPosition
                {
                    Topic = topic.Topic,
                    TopicId = topic.TopicId,
                    Partition = partition.Partition,
                    CurrentLeaderEpoch = partition.CurrentLeaderEpoch,
                    FetchOffset = partition.FetchOffset,
                    LastFetchedEpoch = partition.LastFetchedEpoch,
                    MaxBytes = partition.PartitionMaxBytes,
                    FollowerLogStart = partition.LogStartOffset,
                };
                if (placeOf.TryAdd((topic.Topic, topic.TopicId, partition.Partition), positions.Count))
                {
                    positions.Add(position);
                }
                else
                {
                    positions[placeOf[(topic.Topic, topic.TopicId, partition.Partition)]] = position;
                }
            }
        }

        return positions;
    }
}
