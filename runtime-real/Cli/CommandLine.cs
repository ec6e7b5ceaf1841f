using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading.Tasks;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;
using Deterministic.Runtime.Real.Telemetry;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// The program: options, one broker, signals, exit code. Standard output says where it listens, where its data is and
/// what
/// to type next; the first line names the address for programs. Everything else goes to standard error.
/// </summary>
internal static class CommandLine
{
    internal const int Stopped = 0;
    internal const int BadConfiguration = 2;
    internal const int CannotStart = 3;
    internal const int Failed = 4;

    public static async Task<int> RunAsync(string[] args)
    {
        Options options;
        BrokerConfiguration configuration;
        if (args is ["storage", .. var words])
        {
            return StorageCommand.Run(words, Variables());
        }

        try
        {
            options = Options.Parse(args, Variables());
            if (options.WantsHelp || options.WantsVersion)
            {
                Console.Out.WriteLine(options.WantsHelp ? Help.Text : "deterministic " + Help.Version);
                return Stopped;
            }

            if (options.Nodes > 0)
            {
                return await ClusterCommand.RunAsync(options).ConfigureAwait(false);
            }

            configuration = BrokerConfiguration.From(options.Properties, options.Data, options.IsPortable) with
            {
                ClusterId = options.ClusterId,
            };
        }
        catch (StartupException e)
        {
            return Complain(e.Message, BadConfiguration);
        }

        using var logging = BrokerLogging.Create(options.IsVerbose);
        try
        {
            return await RunAsync(configuration, logging).ConfigureAwait(false);
        }
        catch (StartupException e)
        {
            return Complain(e.Message, CannotStart);
        }
    }

    private static async Task<int> RunAsync(BrokerConfiguration configuration, BrokerLogging logging)
    {
        using var signals = new StopSignals();
        var broker = await DeterministicBroker.StartAsync(configuration, logging, signals.Token).ConfigureAwait(false);
        await using (broker.ConfigureAwait(false))
        {
            signals.WhenAsked(broker.RequestStop);
            Greet(broker);
            var end = await broker.Ended.ConfigureAwait(false);
            return end.IsClean ? Stopped : Complain(Tell(end), Failed);
        }
    }

    private static void Greet(DeterministicBroker broker)
    {
        var address = broker.BootstrapServers;
        Console.Out.WriteLine($"deterministic {Help.Version} listening on {address}");
        Console.Out.WriteLine($"data in {broker.DataDirectory}");
        Console.Out.WriteLine(
            $"next: echo hello | kcat -b {address} -t greetings -P && kcat -b {address} -t greetings -C -e");
        Console.Out.Flush();
    }

    internal static string Tell(NodeEnd end) =>
        end.FlightRecord is null ? end.Why : $"{end.Why} (the last inputs are in {end.FlightRecord})";

    internal static int Complain(string sentence, int code)
    {
        Console.Error.WriteLine("deterministic: " + sentence);
        return code;
    }

    private static Dictionary<string, string> Variables()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            found[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return found;
    }
}
