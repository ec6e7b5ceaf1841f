using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Tests.Processes.Failover;

namespace Deterministic.Tests.Processes.Strikes;

/// <summary>
/// `strike [--by pause,isolate,cut-off,mute,power-cut] [--rounds N] [--mode flush|page-cache]`: three processes, a topic of three
/// replicas under an idempotent producer, leaders struck one after the other; whether everything acknowledged is there, once
/// and in order. `power-cut [--rounds N]` is the last of them alone.
/// </summary>
internal static class StrikeCommand
{
    public static int PowerCut(string[] arguments) => Run(["--by", "power-cut", .. arguments]);

    public static int Run(string[] arguments)
    {
        var names = (Option(arguments, "--by") ?? string.Join(',', Strike.Names)).Split(',');
        var rounds = int.Parse(Option(arguments, "--rounds") ?? "3", CultureInfo.InvariantCulture);
        var results = new List<FailoverResult>();
        foreach (var name in names)
        {
            if (Strike.WhyNot(name) is { } reason)
            {
                Console.WriteLine($"{name}: skipped, {reason}");
                continue;
            }

            results.Add(StrikeRun.Run(name, rounds, Option(arguments, "--mode"), line => Console.WriteLine("  " + line)));
        }

        Console.WriteLine("\nby         rounds  median ms  worst ms  acknowledged  failed  verdict");
        foreach (var result in results)
        {
            Console.WriteLine(result);
        }

        return results.Exists(result => result.Wrong is not null) ? 1 : 0;
    }

    private static string? Option(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
