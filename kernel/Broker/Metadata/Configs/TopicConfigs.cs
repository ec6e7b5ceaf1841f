using System.Collections.Generic;
using Deterministic.Broker.Log;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>
/// From texts to what a log keeps to: the configurations in force for a topic, read once they change.
/// </summary>
public static class TopicConfigs
{
    /// <summary>
    /// The topic's configuration as its log wants it. Texts were checked when they were set; one that cannot be read
    /// all the same, because it came in a directory somebody else wrote, gives its default.
    /// </summary>
    public static LogConfig ToLogConfig(EffectiveConfigs effective, SortedDictionary<string, string> set)
    {
        var values = new Reader(effective, set);
        var policy = ConfigValue.List(values.Text("cleanup.policy"));
        var segmentBytes = set.TryGetValue("internal.segment.bytes", out var small)
            && ConfigValue.TryLong(small, out var bytes) && bytes is > 0 and <= int.MaxValue
            ? (int)bytes
            : values.Int("segment.bytes");
        return new LogConfig
        {
            SegmentBytes = segmentBytes,
            SegmentMs = values.Long("segment.ms"),
            SegmentJitterMs = values.Long("segment.jitter.ms"),
            SegmentIndexBytes = values.Int("segment.index.bytes"),
            IndexIntervalBytes = values.Int("index.interval.bytes"),
            MaxMessageBytes = values.Int("max.message.bytes"),
            RetentionBytes = values.Long("retention.bytes"),
            RetentionMs = values.Long("retention.ms"),
            FileDeleteDelayMs = values.Long("file.delete.delay.ms"),
            TimestampType = values.Text("message.timestamp.type").Trim() == "LogAppendTime"
                ? TimestampType.LogAppendTime
                : TimestampType.CreateTime,
            TimestampBeforeMaxMs = values.Long("message.timestamp.before.max.ms"),
            TimestampAfterMaxMs = values.Long("message.timestamp.after.max.ms"),
            Compression = CompressionOf(values),
            IsCompacted = Contains(policy, "compact"),
            IsDeleted = Contains(policy, "delete"),
            ProducerIdExpirationMs = effective.BrokerLong("producer.id.expiration.ms"),
            Durability = values.Text("durability.mode").Trim() == "page-cache"
                ? DurabilityMode.PageCache
                : DurabilityMode.Flush,
        };
    }

    private static CompressionSetting? CompressionOf(Reader values) => values.Text("compression.type").Trim() switch
    {
        "uncompressed" => CompressionSetting.None,
        "gzip" => new CompressionSetting(CompressionType.Gzip, values.Int("compression.gzip.level")),
        "snappy" => CompressionSetting.Of(CompressionType.Snappy),
        "lz4" => new CompressionSetting(CompressionType.Lz4, values.Int("compression.lz4.level")),
        "zstd" => new CompressionSetting(CompressionType.Zstd, values.Int("compression.zstd.level")),
        _ => null,
    };

    private static bool Contains(string[] elements, string wanted)
    {
        foreach (var element in elements)
        {
            if (element == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private readonly struct Reader(EffectiveConfigs effective, SortedDictionary<string, string> set)
    {
        public string Text(string name) => effective.TopicValue(set, ConfigTable.Topic.Find(name)!);

        public long Long(string name)
        {
            if (ConfigValue.TryLong(Text(name), out var value))
            {
                return value;
            }

            var given = ConfigTable.Topic.Find(name)!.Default;
            return given is not null && ConfigValue.TryLong(given, out value) ? value : 0;
        }

        public int Int(string name)
        {
            var value = Long(name);
            return value > int.MaxValue ? int.MaxValue : value < int.MinValue ? int.MinValue : (int)value;
        }
    }
}
