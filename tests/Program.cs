using System;
using System.Collections.Generic;
using Deterministic.Tests.Clients;
using Deterministic.Tests.Clients.Differential;
using Deterministic.Tests.Processes.Failover;
using Deterministic.Tests.Processes.Kafka;
using Deterministic.Tests.Processes.Strikes;
using Deterministic.Tests.Processes.Tools;

namespace Deterministic.Tests;

/// <summary>
/// The test assembly as a program: commands built from parts that only the tests have (outside clients, Apache
/// Kafka as a peer). `dotnet run -c Release --project tests -- NAME ARGUMENTS`; `dotnet test` does not come here.
/// </summary>
public static class Program
{
    private static readonly SortedDictionary<string, Func<string[], int>> Commands = new(StringComparer.Ordinal)
    {
        ["confluent-read"] = ConfluentReadCommand.Run,
        ["differential"] = DifferentialCommand.Run,
        ["failover"] = FailoverCommand.Run,
        ["mixed"] = MixedCommand.Run,
        ["power-cut"] = StrikeCommand.PowerCut,
        ["strike"] = StrikeCommand.Run,
        ["tools"] = ToolsCommand.Run,
    };

    public static int Main(string[] arguments)
    {
        if (arguments.Length > 0 && Commands.TryGetValue(arguments[0], out var command))
        {
            return command(arguments[1..]);
        }

        Console.Error.WriteLine("usage: dotnet run -c Release --project tests -- NAME ARGUMENTS; names: "
            + string.Join(", ", Commands.Keys));
        return 2;
    }
}
