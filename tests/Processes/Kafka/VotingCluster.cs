using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes.Kafka;

/// <summary>
/// Nodes of both kinds, each in a process, broker and controller, in one quorum whose voters come and go (KIP-853): node 1 is
/// formatted as its only voter, the others as none.
/// </summary>
internal sealed class VotingCluster : IDisposable
{
    private const string Cluster = "dm90ZXJzLWNvbWUtYW5kLQ";
    private const string QuorumTool = "org.apache.kafka.tools.MetadataQuorumCommand";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Regex VoterPattern = new(
        """\{"id": (\d+), "directoryId": "([^"]+)", "endpoints": \["CONTROLLER://([^"]+)"\]\}""", RegexOptions.CultureInvariant);

    private readonly string _folder = Directory.CreateTempSubdirectory("deterministic-voters-").FullName;
    private readonly SortedDictionary<int, Member> _members = [];

    public IReadOnlyList<(int Id, string Directory, string Address)> Voters()
    {
        var status = Quorum("describe", "--status").MustRun().Output;
        var voters = status.Split('\n').Single(line => line.StartsWith("CurrentVoters:", StringComparison.Ordinal));
        return [.. VoterPattern.Matches(voters).Select(match => (
            int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value, match.Groups[3].Value))];
    }

    public int LeaderId() => int.Parse(
        Regex.Match(Quorum("describe", "--status").MustRun().Output, @"LeaderId:\s+(\d+)").Groups[1].Value,
        CultureInfo.InvariantCulture);

    /// <summary>Kafka's own tool, pointed at the first controller.</summary>
    public Tool Quorum(params string[] arguments) =>
        ApacheKafka.Java(QuorumTool, ["--bootstrap-controller", Address(1), .. arguments]);

    /// <summary>The same with the properties of a node, as adding one wants it.</summary>
    public Tool QuorumAs(int node, params string[] arguments) => ApacheKafka.Java(
        QuorumTool, ["--command-config", Properties(node), "--bootstrap-controller", Address(1), .. arguments]);

    public string Address(int node) => Text($"127.0.0.1:{_members[node].ControllerPort}");

    public string DirectoryId(int node) => File.ReadLines(Path.Combine(Data(node), "meta.properties"))
        .Single(line => line.StartsWith("directory.id=", StringComparison.Ordinal))["directory.id=".Length..];

    /// <summary>A new node on an empty directory.</summary>
    public void Add(int node, bool isKafka, bool mayJoin)
    {
        _members[node] = new Member(isKafka, mayJoin);
        Format(node);
        Start(node);
    }

    public void Kill(int node)
    {
        _members[node].Process!.Kill();
        _members[node].Process!.WaitForEnd();
    }

    /// <summary>Starts a killed node again, on another port, and perhaps with another disk.</summary>
    public void StartElsewhere(int node, bool hasNewDisk)
    {
        _members[node].ControllerPort = BrokerProcess.FreePort();
        if (hasNewDisk)
        {
            Directory.Delete(Data(node), recursive: true);
            Format(node);
        }

        Start(node);
    }

    public void WaitForVoters(params int[] nodes)
    {
        var limit = Stopwatch.StartNew();
        var wanted = nodes.Select(node => (node, DirectoryId(node), Address(node))).ToArray();
        while (!Voters().SequenceEqual(wanted))
        {
            Assert.True(limit.Elapsed < Patience, string.Join(", ", Voters()) + " instead of " + string.Join(", ", wanted));
            Thread.Sleep(200);
        }
    }

    public void Dispose()
    {
        foreach (var (_, member) in _members)
        {
            member.Process?.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string Data(int node) => Path.Combine(_folder, Text($"data-{node}"));

    private string Properties(int node) => Path.Combine(_folder, Text($"node-{node}.properties"));

    private void Format(int node)
    {
        WriteProperties(node);
        string[] words =
        [
            "format", "--cluster-id", Cluster, "--config", Properties(node),
            node == 1 ? "--standalone" : "--no-initial-controllers",
        ];
        var tool = _members[node].IsKafka
            ? ApacheKafka.Java("kafka.tools.StorageTool", words)
            : new Tool("dotnet", [RealBroker.Program, "storage", .. words]);
        tool.MustRun();
    }

    private void Start(int node)
    {
        WriteProperties(node);
        var member = _members[node];
        var tool = member.IsKafka
            ? ApacheKafka.Java("kafka.Kafka", Properties(node))
            : new Tool("dotnet", RealBroker.Program, Properties(node))
            {
                Environment = new() { [TestBroker.Variable] = null, ["DETERMINISTIC_CLIENTS"] = null },
            };
        member.Process = (tool with { Deadline = TimeSpan.FromHours(1) }).Start();
        BrokerProcess.WaitUntilServing(member.Process, member.Port, Patience);
    }

    private void WriteProperties(int node)
    {
        var member = _members[node];
        var listeners = Text($"PLAINTEXT://127.0.0.1:{member.Port},CONTROLLER://{Address(node)}");
        File.WriteAllLines(Properties(node),
        [
            Text($"node.id={node}"),
            "process.roles=broker,controller",
            "listeners=" + listeners,
            "advertised.listeners=" + listeners,
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.bootstrap.servers=" + Address(1),
            "controller.quorum.auto.join.enable=" + (member.MayJoin ? "true" : "false"),
            "log.dirs=" + Data(node),
        ]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Member(bool isKafka, bool mayJoin)
    {
        public bool IsKafka => isKafka;

        public bool MayJoin => mayJoin;

        public int Port { get; } = BrokerProcess.FreePort();

        public int ControllerPort { get; set; } = BrokerProcess.FreePort();

        public RunningTool? Process { get; set; }
    }
}
