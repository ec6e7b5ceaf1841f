using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Tests.Clients.Differential;
using Xunit;

namespace Deterministic.Tests.Clients.Directories;

/// <summary>
/// What one broker is given and another must find: topics of several segments written in every codec by idempotent
/// producers, keys, headers and null values, a compacted topic, and groups with their offsets.
/// </summary>
/// <remarks>Written by clients that nobody here wrote; read by kcat, which checks every batch's CRC.</remarks>
public sealed class Corpus(string bootstrap)
{
    public const string Group = "readers";
    private const int LinesOfACodec = 5000;
    private const int SegmentBytes = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly (string Name, int Partitions, string? Config, string Value)[] Topics =
    [
        ("codecs", 2, "segment.bytes", SegmentBytes.ToString(CultureInfo.InvariantCulture)),
        ("keyed", 3, null, ""),
        ("compacted", 1, "cleanup.policy", "compact"),
        ("java", 1, "segment.bytes", SegmentBytes.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>Makes the topics.</summary>
    public void Create()
    {
        var request = new CreateTopicsRequest();
        foreach (var (name, partitions, config, value) in Topics)
        {
            var topic = new CreateTopicsRequest.CreatableTopic
            {
                Name = name, NumPartitions = partitions, ReplicationFactor = 1,
            };
            if (config is not null)
            {
                topic.Configs.Add(new() { Name = config, Value = value });
            }

            request.Topics.Add(topic);
        }

        var response = Ask<CreateTopicsResponse>(request, 7, _ => true);
        Assert.All(response.Topics, topic => Assert.Equal(0, topic.ErrorCode));
    }

    /// <summary>Adds to every topic, and the group reads on.</summary>
    public void Write(string round)
    {
        foreach (var codec in (string[])["none", "gzip", "snappy", "lz4", "zstd"])
        {
            Produce("codecs", Lines(round + codec, LinesOfACodec), "-p", "0", "-z", codec, "-X", "enable.idempotence=true");
        }

        Produce("codecs", Lines(round, 10), "-p", "1");
        for (var partition = 0; partition < 3; partition++)
        {
            var keyed = $"{round}-a:one\n{round}-b:\n:three\n{round}-a:four\n";
            Produce("keyed", keyed, "-p", $"{partition}", "-K", ":", "-Z", "-H", "colour=blue", "-H", "empty");
        }

        Produce("compacted", $"key1:{round}\nkey2:{round}\nkey1:\n", "-p", "0", "-K", ":", "-Z");
        new JavaTools(bootstrap).ProducerPerformance("java", 6000, "compression.type=lz4", "batch.size=4000");
        Kcat("-q", "-c", "5", "-X", "auto.offset.reset=earliest", "-G", Group, "keyed").MustRun();
    }

    /// <summary>Every record there is: where, when, key, value and headers, one a line, in order.</summary>
    public List<string> Records()
    {
        var records = new List<string>();
        foreach (var (topic, _, _, _) in Topics)
        {
            string[] format = ["-f", "%t %p %o %T %K %k %S %s %h\n"];
            var read = Kcat(["-C", "-t", topic, "-q", "-e", "-o", "beginning", "-X", "check.crcs=true", .. format]).MustRun();
            Assert.NotEmpty(read.Lines);
            records.AddRange(JavaTools.Sorted(read.Lines));
        }

        return records;
    }

    /// <summary>What the group committed: topic, partition, offset, metadata, one a line.</summary>
    public List<string> Committed(string group = Group)
    {
        var request = new OffsetFetchRequest { GroupId = group, Topics = null };
        var response = Ask<OffsetFetchResponse>(request, 7, answer => answer.ErrorCode == 0);
        var lines = response.Topics.SelectMany(topic => topic.Partitions, (topic, partition) =>
            FormattableString.Invariant(
                $"{topic.Name} {partition.PartitionIndex} {partition.CommittedOffset} {partition.Metadata}"));
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private Tool Kcat(params string[] arguments) => new("kcat", ["-b", bootstrap, .. arguments]);

    private void Produce(string topic, string lines, params string[] arguments) =>
        (Kcat(["-P", "-t", topic, .. arguments]) with { Input = lines }).MustRun();

    /// <summary>Lines that no codec makes much smaller than half: always the same for one name.</summary>
    private static string Lines(string name, int count)
    {
        var prng = new Prng(Crc32C.Compute(Encoding.ASCII.GetBytes(name)));
        var text = new StringBuilder();
        for (var line = 0; line < count; line++)
        {
            text.Append(name).Append(' ').Append(line).Append(' ');
            for (var word = 0; word < 10; word++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{prng.NextUInt64():x16}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Asks until the answer is one that counts: a coordinator may still be loading.</summary>
    private T Ask<T>(IRequest request, short version, Func<T, bool> counts)
        where T : class, IMessage
    {
        var port = int.Parse(bootstrap[(bootstrap.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        using var wire = new Wire("127.0.0.1", port, Patience);
        var until = DateTime.UtcNow + Patience;
        while (true)
        {
            var answer = wire.Ask(request, version);
            if (answer.Response is T response && counts(response))
            {
                return response;
            }

            Assert.True(DateTime.UtcNow < until, $"{request} is answered {answer}");
            Thread.Sleep(20);
        }
    }
}
