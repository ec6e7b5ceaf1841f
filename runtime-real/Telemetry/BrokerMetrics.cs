using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using Deterministic.Broker.Boundary;

namespace Deterministic.Runtime.Real.Telemetry;

/// <summary>
/// Kafka's metrics by Kafka's names, from the kernel's notes. The node's thread adds to plain counters, one set for each
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
    private readonly ConcurrentDictionary<string, RequestCounters> _byApi = new(StringComparer.Ordinal);
    private readonly Histogram<double> _requestMs;

    public BrokerMetrics()
    {
        const string topics = "kafka.server.BrokerTopicMetrics.";
        const string requests = "kafka.network.RequestMetrics.";
        _meter.CreateObservableCounter(topics + "BytesInPerSec", () => Topics(t => t.BytesIn), "By");
        _meter.CreateObservableCounter(topics + "MessagesInPerSec", () => Topics(t => t.MessagesIn), "{record}");
        _meter.CreateObservableCounter(topics + "BytesOutPerSec", () => Topics(t => t.BytesOut), "By");
        _meter.CreateObservableCounter(requests + "RequestsPerSec", () => Requests(r => r.Count), "{request}");
        _meter.CreateObservableCounter(requests + "ErrorsPerSec", () => Requests(r => r.Errors), "{request}");
        _requestMs = _meter.CreateHistogram<double>(requests + "TotalTimeMs", "ms");
    }

    public void Count(in Note note)
    {
        switch (note.Kind)
        {
            case NoteKind.Produced:
                var written = TopicOf(note.Subject!);
                written.BytesIn += note.A;
                written.MessagesIn += note.B;
                break;
            case NoteKind.Fetched:
                TopicOf(note.Subject!).BytesOut += note.A;
                break;
            case NoteKind.Answered:
                CountRequest(note);
                break;
            default:
                break;
        }
    }

    public void Dispose() => _meter.Dispose();

    private void CountRequest(in Note note)
    {
        if (!_byApi.TryGetValue(note.Subject!, out var counters))
        {
            counters = _byApi.GetOrAdd(note.Subject!, static _ => new RequestCounters());
        }

        counters.Count++;
        counters.Errors += note.B == 0 ? 0 : 1;
        if (_requestMs.Enabled)
        {
            _requestMs.Record(note.A / 1000.0, new KeyValuePair<string, object?>("request", note.Subject));
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
        var topic = dash > 0 ? partition[..dash] : partition;
        if (_byTopic.Count >= MaxSets)
        {
            topic = "others";
        }

        counters = _byTopic.GetOrAdd(topic, static _ => new TopicCounters());
        if (_byPartition.Count < MaxSets)
        {
            _byPartition[partition] = counters;
        }

        return counters;
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
        foreach (var (api, counters) in _byApi)
        {
            yield return new Measurement<long>(value(counters), new KeyValuePair<string, object?>("request", api));
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
        public long Errors;
    }
}
