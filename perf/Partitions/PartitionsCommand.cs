using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using Deterministic.Perf.Load;

namespace Deterministic.Perf.Partitions;

/// <summary>
/// <c>partitions [COUNT] [kafka]</c>: what many partitions cost a cluster of three processes that does nothing else: to make
/// them, to keep them, to lose a node, to get it back, to stop and to start. One markdown table.
/// </summary>
internal static class PartitionsCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    public static int Run(string[] words)
    {
        var count = words.Length > 0 && words[0] != "kafka" ? int.Parse(words[0], CultureInfo.InvariantCulture) : 10_000;
        Console.WriteLine($"{count} partitions of 3 replicas, three processes\n");
        Console.WriteLine("| who | what | result |\n|---|---|---|");
        Measure("Deterministic", null, count);
        if (Array.IndexOf(words, "kafka") >= 0)
        {
            var home = Environment.GetEnvironmentVariable("KAFKA_HOME")
                ?? throw new InvalidOperationException("KAFKA_HOME does not name a Kafka distribution.");
            Measure("Apache Kafka", home, count);
        }

        return 0;
    }

    private static void Measure(string who, string? kafkaHome, int count)
    {
        void Row(string what, FormattableString result) =>
            Console.WriteLine($"| {who} | {what} | {result.ToString(CultureInfo.InvariantCulture)} |");

        var topics = new ManyTopics(count);
        using var cluster = new ThreeProcesses(kafkaHome);
        var clock = Stopwatch.StartNew();
        Each(cluster.Start);
        using (var nodes = new Connections(cluster))
        {
            Until(() => ManyTopics.Alive(nodes.First) == ThreeProcesses.Count);
            Row("start of an empty cluster", $"{clock.Elapsed.TotalSeconds:F1} s");

            clock.Restart();
            topics.Create(nodes.First);
            Row("create, until the last answer", $"{clock.Elapsed.TotalSeconds:F1} s");
            WriteAll(topics, nodes);
            Row("create, until every partition has taken a record with acks=all", $"{clock.Elapsed.TotalSeconds:F1} s");
            Until(() => topics.Led(nodes.First, ThreeProcesses.Count) == count);

            Thread.Sleep(5_000);
            var before = CoreSeconds(cluster);
            Thread.Sleep(20_000);
            Row("idle, processor time of each node", $"{Share(CoreSeconds(cluster), before, 20)} ms/s");
            Row("idle, resident memory of each node", $"{Text(cluster.MegabytesOf)} MB");
            Row("idle, open files of each node", $"{Text(node => cluster.OpenFilesOf(node))}");
        }

        LoseOne(cluster, topics, count, Row);
        clock.Restart();
        cluster.StopAll();
        Row("stop of all three", $"{clock.Elapsed.TotalSeconds:F1} s");
        clock.Restart();
        Each(cluster.Start);
        using (var nodes = new Connections(cluster))
        {
            WriteAll(topics, nodes);
            Row("start of all three, until every partition has taken a record", $"{clock.Elapsed.TotalSeconds:F1} s");
            Row("resident memory of each node", $"{Text(cluster.MegabytesOf)} MB");
        }
    }

    /// <summary>The third node is killed, and comes back; what is known of it is asked of the first.</summary>
    private static void LoseOne(ThreeProcesses cluster, ManyTopics topics, int count, Action<string, FormattableString> row)
    {
        const int victim = ThreeProcesses.Count;
        using var nodes = new Connections(cluster, without: victim);
        var clock = Stopwatch.StartNew();
        cluster.Kill(victim);
        Until(() => topics.Led(nodes.First, 1, victim) == count);
        row("kill -9 of one node, until every partition is led again", $"{clock.Elapsed.TotalSeconds:F2} s");
        WriteAll(topics, nodes);
        row("kill -9 of one node, until every partition has taken a record", $"{clock.Elapsed.TotalSeconds:F2} s");
        clock.Restart();
        cluster.Start(victim);
        Until(() => topics.Led(nodes.First, ThreeProcesses.Count) == count);
        row("start of that node, until every ISR is full", $"{clock.Elapsed.TotalSeconds:F1} s");
    }

    private static void WriteAll(ManyTopics topics, Connections nodes)
    {
        var left = topics.All();
        Until(() =>
        {
            topics.Write(nodes.First, nodes.All, left);
            return left.Count == 0;
        });
    }

    private static void Until(Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException($"Not within {Patience.TotalMinutes} minutes.");
            }

            Thread.Sleep(50);
        }
    }

    private static void Each(Action<int> act)
    {
        for (var node = 1; node <= ThreeProcesses.Count; node++)
        {
            act(node);
        }
    }

    private static double[] CoreSeconds(ThreeProcesses cluster)
    {
        var seconds = new double[ThreeProcesses.Count];
        Each(node => seconds[node - 1] = cluster.CoreSecondsOf(node));
        return seconds;
    }

    private static string Share(double[] after, double[] before, double seconds)
    {
        var shares = new List<string>();
        Each(node => shares.Add(Text((after[node - 1] - before[node - 1]) * 1000 / seconds)));
        return string.Join(", ", shares);
    }

    private static string Text(Func<int, double> of)
    {
        var texts = new List<string>();
        Each(node => texts.Add(Text(of(node))));
        return string.Join(", ", texts);
    }

    private static string Text(double value) => value.ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>One connection to each node that is up.</summary>
    private sealed class Connections : IDisposable
    {
        public Connections(ThreeProcesses cluster, int without = -1) => Each(node =>
        {
            if (node != without)
            {
                All.Add(node, cluster.Connect(node, Patience));
            }
        });

        public Dictionary<int, BrokerConnection> All { get; } = [];

        public BrokerConnection First => All[1];

        public void Dispose()
        {
            foreach (var connection in All.Values)
            {
                connection.Dispose();
            }
        }
    }
}
