using System;
using System.Globalization;
using System.IO;
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
        Refuses(3, "is not a broker's data directory", "--data", AppContext.BaseDirectory, "--port", "0");
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
