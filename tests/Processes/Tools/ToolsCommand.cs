using System;
using System.Linq;
using Deterministic.Tests.Clients;

namespace Deterministic.Tests.Processes.Tools;

/// <summary>
/// `tools [--only TEXT] [--show]`: runs Kafka's own admin tools against three processes of Apache Kafka and three of ours, and
/// shows where what they print differs. `--show` prints the rest, too.
/// </summary>
internal static class ToolsCommand
{
    public static int Run(string[] arguments)
    {
        if (!ApacheKafka.IsThere)
        {
            Console.Error.WriteLine("KAFKA_HOME does not name a Kafka distribution");
            return 2;
        }

        var only = Array.IndexOf(arguments, "--only") is var at and >= 0 ? arguments[at + 1] : "";
        var shows = Array.IndexOf(arguments, "--show") >= 0;
        using var comparison = new ToolComparison();
        var different = 0;
        var alike = 0;
        foreach (var verdict in comparison.Run(
            ToolScript.Acts.Where(act => act.ToString().Contains(only, StringComparison.Ordinal))))
        {
            var word = verdict.IsAlike ? "alike    " : verdict.Act.Accepted is null ? "DIFFERENT" : "accepted ";
            Console.WriteLine($"{word} {verdict.Act}");
            if (verdict.IsAlike)
            {
                alike++;
                Console.Write(shows ? verdict.Ours + "\n" : "");
                continue;
            }

            different += verdict.Act.Accepted is null ? 1 : 0;
            Console.WriteLine(verdict.Act.Accepted ?? $"--- Kafka\n{verdict.Kafka}\n--- ours\n{verdict.Ours}\n---");
        }

        Console.WriteLine(FormattableString.Invariant($"{alike} alike, {different} different without a reason"));
        return different == 0 ? 0 : 1;
    }
}
