using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;
using Deterministic.Runtime.Real.Telemetry;

namespace Deterministic.Runtime.Real.Cli;

/// <summary><c>--nodes N</c>: a cluster in one process, each node on a port and a directory of its own.</summary>
internal static class ClusterCommand
{
    private const int UsualPort = 9092;

    public static async Task<int> RunAsync(Options options)
    {
        var cluster = new DeterministicClusterOptions
        {
            Nodes = options.Nodes,
            Port = options.Port ?? UsualPort,
            IsPortable = options.IsPortable,
        };
        foreach (var (key, value) in options.Properties)
        {
            if (key != "listeners")
            {
                cluster.Properties[key] = value;
            }
        }

        var data = options.Data ?? DefaultPath();
        var configurations = DeterministicCluster.ConfigurationsOf(cluster, data);
        using var logging = BrokerLogging.Create(options.IsVerbose);
        try
        {
            return await RunAsync(configurations, logging, data, options.IsInteractive).ConfigureAwait(false);
        }
        catch (StartupException e)
        {
            return CommandLine.Complain(e.Message, CommandLine.CannotStart);
        }
    }

    private static async Task<int> RunAsync(
        BrokerConfiguration[] configurations, BrokerLogging logging, string data, bool isInteractive)
    {
        using var signals = new StopSignals();
        var cluster = await DeterministicCluster.StartAsync(configurations, logging, signals.Token).ConfigureAwait(false);
        await using (cluster.ConfigureAwait(false))
        {
            signals.WhenAsked(cluster.RequestStop);
            var address = cluster.BootstrapServers;
            Console.Out.WriteLine($"deterministic {Help.Version} listening on {address}");
            Console.Out.WriteLine($"data in {data}, one directory for each of {cluster.Count} nodes");
            Console.Out.WriteLine(
                $"next: echo hello | kcat -b {address} -t greetings -P && kcat -b {address} -t greetings -C -e");
            Console.Out.Flush();
            var commands = isInteractive ? Listen(cluster, signals.Token) : null;
            var end = await cluster.FirstEnd.ConfigureAwait(false);
            await (commands?.WhenStartedAsync() ?? Task.CompletedTask).ConfigureAwait(false);
            return end.IsClean
                ? CommandLine.Stopped
                : CommandLine.Complain(CommandLine.Tell(end), CommandLine.Failed);
        }
    }

    private static NodeCommands Listen(DeterministicCluster cluster, CancellationToken stop)
    {
        Console.Out.WriteLine($"commands: {NodeCommands.Usage}");
        Console.Out.Flush();
        var input = new StreamReader(Console.OpenStandardInput());
        var commands = new NodeCommands(cluster, input, Console.Out, stop);

        // A read of standard input cannot be called off: nobody waits for it, and the program may end while one lasts.
        _ = Task.Run(commands.RunAsync, stop);
        return commands;
    }

    private static string DefaultPath() => Path.GetDirectoryName(BrokerConfiguration.DefaultPath(1))!;
}
