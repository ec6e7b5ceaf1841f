using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using Deterministic.Broker.Boundary;
using Deterministic.Protocol;

namespace Deterministic.Runtime.Real.Telemetry;

/// <summary>
/// Kafka's metrics by Kafka's names, from the kernel's notes. The node's thread adds to plain counters, one set for
/// each
/// topic and each API; whoever collects reads them.
/// </summary>
internal sealed class BrokerMetrics : IDisposable
{
    public const string MeterName = "kafka.server";

    /// <summary>Bound: distinct topics, and APIs, counted apart. Further ones are counted together.</summary>
    private const int MaxSets = 10_000;

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<string, TopicCounters> _byPartition = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TopicCounters> _byTopic = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<short, RequestCounters> _byApi = new();
    private readonly Histogram<double> _requestMs;

    public BrokerMetrics()
    {
        const string topics = "kafka.server.BrokerTopicMetrics.";
        const string requests = "kafka.network.RequestMetrics.";
        _meter.CreateObservableCounter(topics + "BytesInPerSec", () => Topics(t => t.BytesIn), "By");
        _meter.CreateObservableCounter(topics + "MessagesInPerSec", () => Topics(t => t.MessagesIn), "{record}");
        _meter.CreateObservableCounter(topics + "BytesOutPerSec", () => Topics(t => t.BytesOut), "By");
        _meter.CreateObservableCounter(requests + "RequestsPerSec", () => Requests(r => r.Count), "{request}");
        _requestMs = _meter.CreateHistogram<double>(requests + "TotalTimeMs", "ms");
    }

    public void Count(in Note note)
    {
        switch (note.Kind)
        {
            case NoteKind.Produced:
                var written = TopicOf(note.Subject ?? "");
                written.BytesIn += note.A;
                written.MessagesIn += note.B;
                break;
            case NoteKind.Fetched:
                Topic(note.Subject ?? "").BytesOut += note.A;
                break;
            case NoteKind.Answered:
                CountRequest(note);
                break;
            default:
                break;
        }
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>The API comes as its number, so that the kernel need not make a name of it for each request.</summary>
    private void CountRequest(in Note note)
    {
        var counters = _byApi.GetOrAdd((short)note.B, static key => new RequestCounters(((ApiKey)key).ToString()));
        counters.Count++;
        if (_requestMs.Enabled)
        {
            _requestMs.Record(note.A / 1000.0, new KeyValuePair<string, object?>("request", counters.Name));
        }
    }

    /// <summary>By the partition's name, so that only the first note of a partition cuts a string.</summary>
    private TopicCounters TopicOf(string partition)
    {
        if (_byPartition.TryGetValue(partition, out var counters))
        {
            return counters;
        }

        var dash = partition.LastIndexOf('-');
        counters = Topic(dash > 0 ? partition[..dash] : partition);
        if (_byPartition.Count < MaxSets)
        {
            _byPartition[partition] = counters;
        }

        return counters;
    }

    private TopicCounters Topic(string topic)
    {
        if (_byTopic.TryGetValue(topic, out var counters))
        {
            return counters;
        }

        return _byTopic.GetOrAdd(_byTopic.Count < MaxSets ? topic : "others", static _ => new TopicCounters());
    }

    private IEnumerable<Measurement<long>> Topics(Func<TopicCounters, long> value)
    {
        foreach (var (topic, counters) in _byTopic)
        {
            yield return new Measurement<long>(value(counters), new KeyValuePair<string, object?>("topic", topic));
        }
    }

    private IEnumerable<Measurement<long>> Requests(Func<RequestCounters, long> value)
    {
        foreach (var counters in _byApi.Values)
        {
            var name = new KeyValuePair<string, object?>("request", counters.Name);
            yield return new Measurement<long>(value(counters), name);
        }
    }

    private sealed class TopicCounters
    {
        public long BytesIn;
        public long MessagesIn;
        public long BytesOut;
    }

    private sealed class RequestCounters
    {
        public long Count;

        public RequestCounters(string name)
        {
            Name = name;
        }

        public string Name { get; }
    }
}
