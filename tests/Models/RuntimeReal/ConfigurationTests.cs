using System;
using System.Linq;
using System.Collections.Generic;
using System.IO;
using Deterministic.Runtime.Real.Cli;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;
using Xunit;

namespace Deterministic.Tests.Models.RuntimeReal;

/// <summary>
/// Options, server.properties, listeners and the data directory: what is taken and how it is refused.
/// </summary>
public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, string> NoVariables = [];

    [Fact]
    public void A_flag_wins_over_the_environment_and_the_environment_over_the_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "num.partitions=1\nlog.retention.ms=1\nlog.segment.bytes=1\nnode.id=7\n");
        var variables = new Dictionary<string, string>
        {
            ["DETERMINISTIC_NUM_PARTITIONS"] = "2",
            ["DETERMINISTIC_LOG_SEGMENT_BYTES"] = "2",
            ["DETERMINISTIC_DATA"] = "/from-variable",
            ["DETERMINISTIC_TEST_BROKER"] = "kafka",
            ["KAFKA_NODE_ID"] = "9",
        };
        var options = Options.Parse([file, "--set", "num.partitions=3", "--broker.rack", "r1"], variables);
        File.Delete(file);
        Assert.Equal("3", options.Properties["num.partitions"]);
        Assert.Equal("2", options.Properties["log.segment.bytes"]);
        Assert.Equal("1", options.Properties["log.retention.ms"]);
        Assert.Equal("7", options.Properties["node.id"]);
        Assert.Equal("r1", options.Properties["broker.rack"]);
        Assert.Equal("/from-variable", options.Data);
        Assert.Equal(5, options.Properties.Count);
    }

    [Theory]
    [InlineData("unknown option '--bogus'", "--bogus")]
    [InlineData("unknown option '-x'", "-x", "1")]
    [InlineData("option '--data' wants a value", "--data")]
    [InlineData("--set wants key=value, not 'a'", "--set", "a")]
    [InlineData("--port wants a number from 0 to 65535, not '99999'", "--port", "99999")]
    [InlineData("cannot read the configuration /nowhere/x", "--config", "/nowhere/x")]
    public void A_bad_option_is_named_in_one_sentence(string expected, params string[] args)
    {
        var refused = Assert.Throws<StartupException>(() => Options.Parse(args, NoVariables));
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Theory]
    [InlineData("node.id", "x", "node.id=x is not a whole number from 0 on")]
    [InlineData("socket.request.max.bytes", "0", "socket.request.max.bytes=0 is not a whole number from 1 on")]
    [InlineData("listeners", "localhost:9092", "listeners: 'localhost:9092' is not NAME://host:port")]
    [InlineData("listeners", "SSL://a:1", "listener SSL wants security protocol SSL")]
    [InlineData("listeners", "A://a:1,A://b:2", "listeners: the name A is there twice")]
    [InlineData("log.dirs", "/a,/b", "log.dirs=/a,/b: a node has one data directory")]
    [InlineData("num.partitions", "abc", "Invalid value abc for configuration num.partitions")]
    [InlineData("log.cleanup.policy", "foo", "Invalid value foo for configuration log.cleanup.policy")]
    public void A_bad_value_is_named_in_one_sentence(string name, string value, string expected)
    {
        var properties = new SortedDictionary<string, string>(StringComparer.Ordinal) { [name] = value };
        var refused = Assert.Throws<StartupException>(() => BrokerConfiguration.From(properties, null, false));
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kafkas_own_configuration_of_a_combined_node_is_understood()
    {
        var properties = PropertiesFile.Parse("""
            # The address the socket server listens on.
            process.roles = broker,controller
            node.id: 3
            listeners=PLAINTEXT://:9092,\
                CONTROLLER://:9093,INSIDE://127.0.0.1:19092
            advertised.listeners=PLAINTEXT://broker.example:9092
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT
            log.dirs=/somewhere
            queued.max.request.bytes=-1
            """);
        var configuration = BrokerConfiguration.From(properties, null, false);
        Assert.Equal(3, configuration.NodeId);
        Assert.Equal("/somewhere", configuration.DataPath);
        Assert.Equal(["PLAINTEXT", "INSIDE", "CONTROLLER"], configuration.Listeners.Select(listener => listener.Name));
        Assert.Equal([false, false, true], configuration.Listeners.Select(listener => listener.IsController));
        Assert.Equal("broker.example", configuration.Listeners[0].HostForClients);
        Assert.Equal(9092, configuration.Listeners[0].AdvertisedPort);
        Assert.Equal("127.0.0.1", configuration.Listeners[1].HostForClients);
        Assert.Equal(new NodeLimits().MaxQueuedRequestBytes, configuration.Limits.MaxQueuedRequestBytes);
    }

    [Fact]
    public void An_unknown_name_is_told_of_and_ignored()
    {
        var properties = PropertiesFile.Parse("bogus.name=1\nnum.partitions=3\nlistener.name.x.ssl.y=1\n");
        Assert.Equal(["bogus.name"], BrokerConfiguration.From(properties, null, false).UnknownNames);
    }

    [Fact]
    public void A_port_in_use_is_said_in_one_sentence()
    {
        using var network = new PortableNetwork();
        using var first = new ListenerAddress("PLAINTEXT", "127.0.0.1", 0).Bind(network)[0];
        var second = new ListenerAddress("PLAINTEXT", "127.0.0.1", first.At.Port);
        var refused = Assert.Throws<StartupException>(() => second.Bind(network));
        Assert.Contains("is in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_taken_once_and_never_from_somebody_else()
    {
        var root = Directory.CreateTempSubdirectory("data-directory-").FullName;
        var ours = Path.Combine(root, "new", "deep");
        using (DataDirectory.Open(ours))
        {
            var inUse = Assert.Throws<StartupException>(() => DataDirectory.Open(ours));
            Assert.Contains("in use by another broker", inUse.Message, StringComparison.Ordinal);
        }

        DataDirectory.Open(ours).Dispose();
        var foreign = Assert.Throws<StartupException>(() => DataDirectory.Open(root));
        Assert.Contains("is not a broker's data directory: it holds 'new'", foreign.Message, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(root, "meta.properties"), "version=1\n");
        DataDirectory.Open(root).Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_scan_finds_what_is_the_nodes_in_ordinal_order()
    {
        var root = Directory.CreateTempSubdirectory("disk-scan-").FullName;
        foreach (var path in new[] { "b-0/1.log", "B-0/1.log", "b-0/1.index", "a", ".lock", "flight-1.txt", ".x" })
        {
            var full = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, path);
        }

        var image = DiskScan.Scan(root);
        Directory.Delete(root, recursive: true);
        Assert.Equal([".x", "B-0/1.log", "a", "b-0/1.index", "b-0/1.log"], Paths(image));
        Assert.Equal(9, image.LengthOf("b-0/1.log"));
    }

    private static IEnumerable<string> Paths(Deterministic.Broker.Boundary.DiskImage image)
    {
        foreach (var file in image.Files)
        {
            yield return file.Path;
        }
    }
}
