using System;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Deterministic.Tests.Clients;

/// <summary>
/// librdkafka 2.15.1's own integration tests, those that need only what this broker serves (no transactions, ACLs,
/// TLS or several brokers) and that Apache Kafka passes in the same set-up, in its quick mode, five at a time.
/// </summary>
/// <remarks>
/// Left out for their length: 0033 (33 s), 0091 (65 s), 0093 (27 s). They can be run by hand with TESTS.
/// </remarks>
[Collection(ClientCollection.Name)]
public sealed class LibrdkafkaSuiteTests(TestBroker broker)
{
    private const string Producing =
        "0001,0002,0003,0005,0007,0008,0011,0012,0013,0016,0017,0035,0036,0038,0048,0055,0070,0073,0085,0086,0090,0125";

    private const string Consuming =
        "0014,0015,0020,0021,0022,0026,0029,0031,0034,0040,0041,0044,0054,0057,0059,0060,0061,0063,0065,0067,0083,0112,"
        + "0127,0137";

    private const string Grouping =
        "0018,0019,0030,0039,0042,0045,0050,0051,0056,0069,0084,0089,0099,0102,0113,0114,0122,0123,0130,0140";

    [ClientTheory(Needs.Librdkafka)]
    [InlineData("producing", Producing)]
    [InlineData("consuming", Consuming)]
    [InlineData("grouping", Grouping)]
    public void Librdkafkas_integration_tests_pass(string about, string tests) => Run(broker, about, tests);

    /// <summary>
    /// 0118 closes its second consumer and takes every revocation there for the closing one: where that consumer alone was
    /// the group's first generation, as happens without a delay on a busy machine, it fails at any broker.
    /// </summary>
    [ClientFact(Needs.Librdkafka)]
    public void Librdkafkas_test_of_two_that_join_together_passes()
    {
        using var patient = new TestBroker(initialRebalanceDelayMs: 3000);
        Run(patient, "joining together", "0118");
    }

    private static void Run(TestBroker broker, string about, string tests)
    {
        var folder = Directory.CreateTempSubdirectory("librdkafka-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "test.conf"), $"metadata.broker.list={broker.Bootstrap}\n");
            var runner = new Tool(Path.Combine(Installed.Librdkafka, "test-runner"), "-p5", "-Q", "-E")
            {
                Folder = folder,
                Environment = new() { ["TESTS"] = tests },
                Deadline = TimeSpan.FromSeconds(240),
            };
            var outcome = runner.Run();
            if (IsOnlySlowToEnd(outcome))
            {
                outcome = runner.Run();
            }

            Assert.True(outcome.ExitCode == 0 && !outcome.TimedOut, $"{about}: {Failures(outcome)}\n{outcome}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// All tests passed, and the runner, which gives its closed clients no more than a second or two to end their threads, saw
    /// some at work still: on a busy machine that says nothing, so it is run once more.
    /// </summary>
    private static bool IsOnlySlowToEnd(ToolOutcome outcome)
    {
        var failures = Failures(outcome);
        return failures.Contains("still active in librdkafka", StringComparison.Ordinal)
            && Regex.Count(failures, "### Test") == 1
            && failures.Contains("### Test \"<MAIN>\"", StringComparison.Ordinal);
    }

    /// <summary>The lines that tell which test failed and why: the rest is thousands of lines of progress.</summary>
    private static string Failures(ToolOutcome outcome)
    {
        var lines = (outcome.Output + outcome.Errors).Split('\n');
        var failures = "";
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Contains("### Test", StringComparison.Ordinal))
            {
                failures += Colours.Replace(lines[i] + "\n" + (i + 1 < lines.Length ? lines[i + 1] : "") + "\n", "");
            }
        }

        return failures;
    }

    private static readonly Regex Colours = new("\u001b\\[[0-9;]*m");
}
