using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Deterministic.Tests.Clients.Directories;

/// <summary>
/// A directory that nobody has run on yet, formatted by Kafka's tool or by ours: the same files, and either broker begins
/// its cluster with the feature levels in them.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class FormatTests
{
    private const string Cluster = "AAAAAAAAAAEAAAAAAAAAAQ";

    private static readonly string[] Levels = ["--feature", "share.version=0", "--feature", "group.version=1"];

    [ClientFact(Needs.JavaTools)]
    public void Our_format_leaves_what_Kafkas_leaves_and_Kafka_starts_on_it()
    {
        using var ours = new DataFolder();
        using var kafkas = new DataFolder();
        Ours(ours.Data).MustRun();
        ApacheKafka.Java("kafka.tools.StorageTool", Format(Properties(kafkas.Data))).MustRun();

        Assert.Equal(Names(kafkas.Data), Names(ours.Data));
        foreach (var name in Names(ours.Data).Where(name => name.EndsWith(".checkpoint", StringComparison.Ordinal)))
        {
            Assert.Equal(Dump(Path.Combine(kafkas.Data, name)), Dump(Path.Combine(ours.Data, name)));
        }

        using var kafka = ApacheKafka.On(ours.Data);
        var features = ApacheKafka.Java(
            "org.apache.kafka.tools.FeatureCommand", "--bootstrap-server", kafka.Bootstrap, "describe").MustRun();
        Assert.Matches("Feature: metadata.version.*FinalizedVersionLevel: 4.3-IV0", features.Output);
        Assert.Matches("Feature: share.version.*FinalizedVersionLevel: 0", features.Output);
        Assert.Matches("Feature: group.version.*FinalizedVersionLevel: 1", features.Output);
    }

    [ClientFact(Needs.JavaTools)]
    public void Our_broker_begins_with_the_levels_that_a_format_chose()
    {
        using var ours = new DataFolder();
        using var kafkas = new DataFolder();
        Ours(ours.Data).MustRun();
        ApacheKafka.Java("kafka.tools.StorageTool", Format(Properties(kafkas.Data))).MustRun();
        foreach (var folder in (DataFolder[])[ours, kafkas])
        {
            using (var broker = RealBroker.On(folder.Data))
            {
                broker.Stop();
            }

            var log = Dump(Path.Combine(folder.Data, "__cluster_metadata-0", "00000000000000000000.log"));
            Assert.Contains("{\"name\":\"metadata.version\",\"featureLevel\":30}", log, StringComparison.Ordinal);
            Assert.Contains("{\"name\":\"group.version\",\"featureLevel\":1}", log, StringComparison.Ordinal);
            Assert.DoesNotContain("{\"name\":\"share.version\",\"featureLevel\"", log, StringComparison.Ordinal);
        }
    }

    private static Tool Ours(string data) => new("dotnet", [RealBroker.Program, "storage", .. Format(Properties(data))]);

    private static string[] Format(string properties) =>
        ["format", "--standalone", "--cluster-id", Cluster, "--config", properties, .. Levels];

    private static string Properties(string data)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(data)!);
        var path = data + ".properties";
        File.WriteAllLines(path,
        [
            "process.roles=broker,controller",
            "node.id=1",
            "controller.quorum.bootstrap.servers=127.0.0.1:19093",
            "listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093",
            "controller.listener.names=CONTROLLER",
            "log.dirs=" + data,
        ]);
        return path;
    }

    private static string[] Names(string data) =>
        [.. Directory.GetFiles(data, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(data, path)).Order(StringComparer.Ordinal)];

    /// <summary>What Kafka's tool reads in a file, without what no two formats agree in.</summary>
    private static string Dump(string file)
    {
        var lines = ApacheKafka.Java(
            "org.apache.kafka.tools.DumpLogSegments", "--cluster-metadata-decoder", "--files", file).MustRun().Lines;
        return Regex.Replace(
            string.Join('\n', lines.Skip(1)),
            "(CreateTime: |crc: |lastContainedLogTimestamp\":|voterDirectoryId\":)(\"[^\"]+\"|[0-9]{6,})",
            "$1_",
            RegexOptions.CultureInvariant);
    }
}
