using System;
using System.Globalization;
using System.IO;
using System.Text;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>The program as somebody types it: what it prints first, how it refuses, how it stops.</summary>
[Collection(ClientCollection.Name)]
public sealed class ProgramTests
{
    [Fact]
    public void It_says_where_it_listens_and_stops_in_good_order_when_asked()
    {
        using var folder = new TemporaryFolder();
        using var broker = new BrokerUnderTest(Path.Combine(folder.Path, "data"));
        var end = broker.Stop();
        Assert.Equal(0, end.ExitCode);
        Assert.StartsWith("deterministic ", end.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith(
            string.Create(CultureInfo.InvariantCulture, $"listening on localhost:{broker.Port}"),
            end.Lines[0],
            StringComparison.Ordinal);
        Assert.StartsWith("data in " + folder.Path, end.Lines[1], StringComparison.Ordinal);
        Assert.Contains("kcat -b localhost:", end.Lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_start_and_a_port_in_use_get_one_clear_line()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        using var broker = new BrokerUnderTest(data);
        Refuses(3, "is in use by another broker", "--data", data, "--port", "0");
        var port = broker.Port.ToString(CultureInfo.InvariantCulture);
        Refuses(3, "port " + port + " on localhost is in use", "--data", data + "2", "--port", port);
        broker.Kill();
    }

    [Fact]
    public void A_bad_option_and_a_foreign_directory_get_one_clear_line()
    {
        Refuses(2, "unknown option '--bogus'", "--bogus");
        Refuses(2, "node.id=x is not a whole number", "--set", "node.id=x");
        Refuses(2, "--interactive wants --nodes N", "--interactive");
        Refuses(3, "is not a broker's data directory", "--data", AppContext.BaseDirectory, "--port", "0");
    }

    [Fact]
    public void A_cluster_takes_commands_and_stops_when_asked_though_all_its_nodes_are_dead()
    {
        using var cluster = new OneProcessCluster(TimeSpan.FromSeconds(60));
        cluster.Ask("start 1", "node 1 runs already");
        cluster.Ask("kill 4", "not understood: kill 4; kill N, stop N or start N, N from 1 to 3");
        cluster.Ask("kill 1", "node 1 is killed");
        cluster.Ask("kill 1", "node 1 does not run");
        cluster.Ask("stop 2", "node 2 is stopped");
        cluster.Ask("kill 3", "node 3 is killed");

        // Alone, none of them serves: the second start is taken while the first one waits.
        cluster.Start(2);
        cluster.Ask("kill 2", "node 2 is being started");
        cluster.Start(3);
        cluster.WaitUntilServing(2);
        cluster.Kill(3);
        cluster.Kill(2);
        Assert.Equal(0, cluster.Stop().ExitCode);
    }

    [Fact]
    public void A_directory_is_formatted_once_for_one_cluster_and_started_for_no_other()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var id = new Tool("dotnet", [BrokerUnderTest.Program, "storage", "random-uuid"]).Run().Output.Trim();
        var other = new Tool("dotnet", [BrokerUnderTest.Program, "storage", "random-uuid"]).Run().Output.Trim();
        Assert.NotEqual(id, other);
        string[] format = ["storage", "format", "--data", data, "-t", id];
        var formatted = new Tool("dotnet", [BrokerUnderTest.Program, .. format]).Run();
        Assert.Equal(0, formatted.ExitCode);
        Assert.Contains($"for node 1 of cluster {id}", formatted.Output, StringComparison.Ordinal);
        Assert.Contains($"cluster.id={id}\n", File.ReadAllText(Path.Combine(data, "meta.properties")), StringComparison.Ordinal);
        Refuses(2, "is formatted already", format);
        Assert.Equal(0, new Tool("dotnet", [BrokerUnderTest.Program, .. format, "--ignore-formatted"]).Run().ExitCode);
        Refuses(2, "wants --cluster-id", "storage", "format", "--data", data);
        Refuses(3, "belongs to cluster " + id, "--data", data, "--cluster-id", other, "--port", "0");
        using var broker = new BrokerUnderTest(data);
        Assert.Equal(0, broker.Stop().ExitCode);
    }

    [Fact]
    public void A_directory_is_formatted_for_a_quorum_whose_voters_can_change()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        string[] format = ["storage", "format", "--data", data, "-t", "AAAAAAAAAAEAAAAAAAAAAQ"];
        string[] controller =
            ["--set", "listeners=PLAINTEXT://:0,CONTROLLER://localhost:19093", "--set", "controller.listener.names=CONTROLLER"];
        string[] servers = ["--controller.quorum.bootstrap.servers", "localhost:19093"];
        Refuses(2, "you must specify one of", [.. format, .. controller, .. servers]);
        Refuses(2, "not allowed with argument", [.. format, "--standalone", "--no-initial-controllers"]);
        Refuses(2, "is not id@host:port:directory", [.. format, .. controller, "-I", "1@localhost:19093"]);
        string[] voters = ["--controller.quorum.voters", "1@localhost:19093"];
        Refuses(2, "You cannot specify controller.quorum.voters", [.. format, .. controller, "-s", .. voters]);

        string[] initial = ["-I", "1@localhost:19093:AAAAAAAAAAcAAAAAAAAABw"];
        Assert.Equal(0, new Tool("dotnet", [BrokerUnderTest.Program, .. format, .. controller, .. initial]).Run().ExitCode);
        Assert.Contains(
            "directory.id=AAAAAAAAAAcAAAAAAAAABw\n",
            File.ReadAllText(Path.Combine(data, "meta.properties")),
            StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(data, "__cluster_metadata-0", "00000000000000000000-0000000000.checkpoint")));
        using var broker = new BrokerUnderTest(data);
        Assert.Equal(0, broker.Stop().ExitCode);
    }

    [Fact]
    public void A_directory_is_formatted_with_the_feature_levels_asked_for()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        string[] format = ["storage", "format", "--data", data, "-t", "AAAAAAAAAAEAAAAAAAAAAQ"];
        Refuses(2, "Unsupported feature: nosuch. Supported features are: eligible.leader", [.. format, "-f", "nosuch=1"]);
        Refuses(2, "No feature:group.version with feature level 7", [.. format, "--feature", "group.version=7"]);
        Refuses(2, "No feature:metadata.version with feature level 29", [.. format, "--feature=metadata.version=29"]);
        Refuses(2, "unable to parse x as a short", [.. format, "-f", "group.version=x"]);
        Refuses(2, "equals sign not found", [.. format, "-f", "group.version"]);
        Refuses(2, "Cannot set kraft.version to 1 unless", [.. format, "-f", "kraft.version=1"]);
        Refuses(2, "kraft.version is 0, but", [.. format, "-f", "kraft.version=0", "--no-initial-controllers"]);
        Refuses(2, "Unknown metadata.version '3.9'", [.. format, "-r", "3.9"]);
        Refuses(2, "to avoid ambiguity", [.. format, "-r", "4.3", "-f", "metadata.version=30"]);
        Refuses(2, "option '--feature' wants a value", [.. format, "--feature"]);
        Assert.False(Directory.Exists(data));

        string[] asked = ["-r", "4.3-IV0", "-f", "group.version=0"];
        Assert.Equal(0, new Tool("dotnet", [BrokerUnderTest.Program, .. format, .. asked]).Run().ExitCode);
        var chosen = File.ReadAllText(Path.Combine(data, "bootstrap.checkpoint"), Encoding.Latin1);
        Assert.Contains("transaction.version", chosen, StringComparison.Ordinal);
        Assert.DoesNotContain("group.version", chosen, StringComparison.Ordinal);
    }

    private static void Refuses(int exitCode, string sentence, params string[] args)
    {
        var outcome = new Tool("dotnet", [BrokerUnderTest.Program, .. args]).Run();
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
        Assert.Contains(sentence, outcome.Errors, StringComparison.Ordinal);
        Assert.Single(outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
