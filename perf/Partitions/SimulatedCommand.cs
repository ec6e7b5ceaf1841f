using System;
using System.Diagnostics;
using System.Globalization;
using Deterministic.Perf.Load;
using Deterministic.Primitives;

namespace Deterministic.Perf.Partitions;

/// <summary>
/// <c>simulated [NODES] [PARTITIONS]</c>: a cluster far larger than this machine in one simulated world, through the loss of one
/// node and its return. One markdown table: simulated seconds, and what they cost here.
/// </summary>
internal static class SimulatedCommand
{
    private static readonly Duration Patience = Duration.FromSeconds(600);

    public static int Run(string[] words)
    {
        var nodes = words.Length > 0 ? int.Parse(words[0], CultureInfo.InvariantCulture) : 100;
        var partitions = words.Length > 1 ? int.Parse(words[1], CultureInfo.InvariantCulture) : 100_000;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{nodes} simulated nodes, {partitions} partitions of 3 replicas, one thread\n"));
        Console.WriteLine("| what | simulated | here | in kernels | inputs | resident |\n|---|---|---|---|---|---|");
        var cluster = new SimulatedCluster(nodes, partitions);
        return Row(cluster, "start of all nodes", c => c.Start(Patience))
            && Row(cluster, "create, until every partition is led and every ISR full", c => c.Create(Patience))
            && Row(cluster, "idle", c => c.Idle(Duration.FromSeconds(10)))
            && Row(cluster, "one node killed, until every partition is led again", c => c.LoseLast(Patience))
            && Row(cluster, "that node started again, until every ISR is full", c => c.ReturnLast(Patience))
            ? 0
            : 1;
    }

    private static bool Row(SimulatedCluster cluster, string what, Action<SimulatedCluster> act) => Row(cluster, what, c =>
    {
        act(c);
        return true;
    });

    private static bool Row(SimulatedCluster cluster, string what, Func<SimulatedCluster, bool> act)
    {
        var (simulated, kernel, inputs) = (cluster.Seconds, cluster.KernelSeconds, cluster.World.Inputs);
        var clock = Stopwatch.StartNew();
        var isDone = act(cluster);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {what} | {cluster.Seconds - simulated:F2} s | {clock.Elapsed.TotalSeconds:F1} s "
            + $"| {cluster.KernelSeconds - kernel:F1} s | {cluster.World.Inputs - inputs} "
            + $"| {ProcessorTime.ResidentMegabytesOf(Environment.ProcessId):F0} MB |"));
        if (!isDone)
        {
            Console.Error.WriteLine(cluster.World.Failure is { } failure ? failure.ToString() : "not within the time allowed");
        }

        return isDone;
    }
}
