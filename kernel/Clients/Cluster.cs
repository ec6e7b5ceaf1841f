using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Clients;

/// <summary>
/// What a client knows of its cluster, and its connections: one to each broker it has business with.
/// </summary>
/// <remarks>
/// Inputs   all of <see cref="ClientInputKind"/>
/// Effects  Dial, SendFrame, Hang
///
/// What is known may be old. Whoever gets an answer that says so calls <see cref="Refresh"/> and tries again later;
/// nothing
/// here retries on its own but the metadata request itself.
/// </remarks>
public sealed class Cluster : IAnswerTo
{
    private readonly ClientOptions _options;
    private readonly ClientEffects _effects;
    private readonly SortedDictionary<long, Wire> _wires = [];
    private readonly SortedDictionary<int, (string Host, int Port)> _brokers = [];
    private readonly SortedDictionary<string, TopicLeaders> _leaders = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _topics = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Instant> _dialAgainAt = new(StringComparer.Ordinal);
    private long _nextConnection;
    private int _nextBootstrap;
    private bool _isRefreshing;
    private Instant _refreshAt = Instant.Zero;
    private Instant _lastStep;

    public Cluster(ClientOptions options, ClientEffects effects)
    {
        _options = options;
        _effects = effects;
        Prng = new Prng(options.Seed);
    }

    public Prng Prng { get; }

    /// <summary>Grows with every metadata answer.</summary>
    public int MetadataVersion { get; private set; }

    /// <summary>The topic's name is asked for with every metadata request from now on.</summary>
    public void AddTopic(string topic)
    {
        if (_topics.Add(topic))
        {
            _refreshAt = Instant.Zero;
        }
    }

    /// <summary>Number of partitions, 0 where the topic is not known.</summary>
    public int PartitionsOf(string topic) => _leaders.TryGetValue(topic, out var known) ? known.Leaders.Length : 0;

    /// <summary>What is known turned out to be wrong; asks again, not more often than the retry backoff.</summary>
    public void Refresh(Instant now) => _refreshAt = Instant.Min(_refreshAt, now + _options.RetryBackoff);

    /// <summary>A ready connection to the partition's leader; null while there is none yet.</summary>
    public Wire? Leader(string topic, int partition, Instant now)
    {
        if (!_leaders.TryGetValue(topic, out var known) || (uint)partition >= (uint)known.Leaders.Length)
        {
            Refresh(now);
            return null;
        }

        return Broker(known.Leaders[partition].Id, now);
    }

    /// <summary>
    /// The leader epoch that requests for the partition must name, lest a broker answers that does not know yet that it leads no
    /// more; -1 where none is known.
    /// </summary>
    public int LeaderEpochOf(string topic, int partition) =>
        _leaders.TryGetValue(topic, out var known) && (uint)partition < (uint)known.Leaders.Length
            ? known.Leaders[partition].Epoch
            : -1;

    /// <summary>The topic that now bears the name; zero where none is known, or the broker is too old to say.</summary>
    public Uuid TopicIdOf(string topic) => _leaders.TryGetValue(topic, out var known) ? known.Id : Uuid.Zero;

    /// <summary>A ready connection to a broker by its id; null while there is none yet.</summary>
    public Wire? Broker(int id, Instant now)
    {
        if (!_brokers.TryGetValue(id, out var address))
        {
            Refresh(now);
            return null;
        }

        return At(address.Host, address.Port, now);
    }

    /// <summary>The last connection to this broker failed a moment ago, or nobody knows where it is.</summary>
    public bool IsUnreachable(int id, Instant now)
    {
        if (!_brokers.TryGetValue(id, out var address))
        {
            return true;
        }

        foreach (var (_, wire) in _wires)
        {
            if (wire.Port == address.Port && wire.Host == address.Host)
            {
                return false;
            }
        }

        return _dialAgainAt.TryGetValue(FormattableString.Invariant($"{address.Host}:{address.Port}"), out var at) && now < at;
    }

    /// <summary>A ready connection to some broker; null while there is none yet.</summary>
    public Wire? Any(Instant now)
    {
        foreach (var (_, wire) in _wires)
        {
            if (wire.IsReady)
            {
                return wire;
            }
        }

        if (_wires.Count == 0)
        {
            var (host, port) = _options.BootstrapServers[_nextBootstrap++ % _options.BootstrapServers.Count];
            return At(host, port, now);
        }

        return null;
    }

    /// <summary>
    /// Takes one input. Call before the machine that uses this cluster does its own part of the step.
    /// </summary>
    public void Step(in Now now, in ClientInput input)
    {
        switch (input.Kind)
        {
            case ClientInputKind.Connected:
                Find(input.Connection)?.Connected(now.Instant);
                break;
            case ClientInputKind.Received:
                Find(input.Connection)?.Received(input.Bytes);
                break;
            case ClientInputKind.Closed:
                Find(input.Connection)?.Close(isGone: true);
                break;
            case ClientInputKind.Tick:
            default:
                break;
        }

        DropClosed(now.Instant);
        AskForMetadata(now.Instant);
    }

    /// <summary>When the cluster must be stepped next.</summary>
    public Instant NextDeadline()
    {
        // A refresh that is due and found no connection waits for the next try to connect; asking for "now" would spin.
        var soonest = _lastStep + _options.ReconnectBackoff;
        var due = _refreshAt > _lastStep ? _refreshAt : soonest;
        var next = _isRefreshing || _topics.Count == 0 ? Instant.Never : due;
        foreach (var (_, wire) in _wires)
        {
            next = Instant.Min(next, wire.Deadline);
        }

        return next;
    }

    public void Answered(IMessage response, short version, long token)
    {
        _isRefreshing = false;
        MetadataVersion++;
        var metadata = (MetadataResponse)response;
        _brokers.Clear();
        foreach (var broker in metadata.Brokers)
        {
            _brokers[broker.NodeId] = (broker.Host, broker.Port);
        }

        foreach (var topic in metadata.Topics)
        {
            if (topic.ErrorCode != 0 || topic.Name is not { } name)
            {
                Refresh(_lastStep);
                continue;
            }

            Learn(name, topic);
        }
    }

    public void Lost(long token)
    {
        _isRefreshing = false;
        Refresh(_lastStep);
    }

    /// <summary>A broker that lags names an earlier epoch than is known; what is known stays.</summary>
    private void Learn(string name, MetadataResponse.MetadataResponseTopic topic)
    {
        var before = _leaders.TryGetValue(name, out var known) && known.Id == topic.TopicId ? known.Leaders : [];
        var leaders = new (int Id, int Epoch)[topic.Partitions.Count];
        Array.Fill(leaders, (-1, -1));
        foreach (var partition in topic.Partitions)
        {
            var index = partition.PartitionIndex;
            if ((uint)index >= (uint)leaders.Length)
            {
                continue;
            }

            var isOld = (uint)index < (uint)before.Length && partition.LeaderEpoch < before[index].Epoch;
            leaders[index] = isOld ? before[index] : (partition.LeaderId, partition.LeaderEpoch);
            if (isOld)
            {
                Refresh(_lastStep);
            }
        }

        _leaders[name] = new TopicLeaders(topic.TopicId, leaders);
    }

    private void AskForMetadata(Instant now)
    {
        _lastStep = now;
        if (_isRefreshing || _topics.Count == 0 || now < _refreshAt || Any(now) is not { } wire)
        {
            return;
        }

        var request = new MetadataRequest { Topics = [], AllowAutoTopicCreation = true };
        foreach (var topic in _topics)
        {
            request.Topics.Add(new MetadataRequest.MetadataRequestTopic { Name = topic });
        }

        _isRefreshing = true;
        _refreshAt = now + _options.MetadataMaxAge;
        wire.Send(ApiKey.Metadata, request, wire.VersionOf(ApiKey.Metadata), now, this);
    }

    private Wire? At(string host, int port, Instant now)
    {
        foreach (var (_, wire) in _wires)
        {
            if (wire.Port == port && wire.Host == host)
            {
                return wire.IsReady ? wire : null;
            }
        }

        var address = FormattableString.Invariant($"{host}:{port}");
        if (_dialAgainAt.TryGetValue(address, out var at) && now < at)
        {
            return null;
        }

        _dialAgainAt[address] = now + _options.ReconnectBackoff;
        var id = new ConnectionId(_nextConnection++);
        _wires.Add(id.Value, new Wire(id, host, port, _options, _effects));
        return null;
    }

    private Wire? Find(ConnectionId connection) => _wires.GetValueOrDefault(connection.Value);

    private void DropClosed(Instant now)
    {
        List<Wire>? closed = null;
        foreach (var (_, wire) in _wires)
        {
            if (wire.IsClosed || wire.Deadline <= now)
            {
                closed ??= [];
                closed.Add(wire);
            }
        }

        if (closed is null)
        {
            return;
        }

        foreach (var wire in closed)
        {
            _wires.Remove(wire.Id.Value);
            wire.Close();
            Refresh(now);
        }
    }

    /// <summary>Who leads the partitions of one topic, and in which epoch.</summary>
    private sealed record TopicLeaders(Uuid Id, (int Id, int Epoch)[] Leaders);
}
