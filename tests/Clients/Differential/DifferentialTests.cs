using System;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>A bounded differential run as a test, and the comparison itself tried out.</summary>
[Collection(ClientCollection.Name)]
public sealed class DifferentialTests
{
    private const int Requests = 1500;

    /// <summary>Always the same requests here; the differential command takes new ones each time.</summary>
    private const ulong Seed = 20780;

    [ClientFact(Needs.JavaTools)]
    public void Apache_Kafka_and_we_answer_generated_requests_alike()
    {
        using var brokers = DifferentialBrokers.Start(kafka: null, ours: TestBroker.Chosen);
        var run = new DifferentialRun(new Differences(Differences.Table));
        var watch = Stopwatch.StartNew();
        run.Run(brokers, Requests, Seed);
        Assert.True(run.Findings.Count == 0, $"seed {Seed}\n{DifferentialReport.Of(run, watch.Elapsed)}");
    }

    [Fact]
    public void A_difference_is_named_by_its_field_and_forgiven_by_a_row_of_the_table()
    {
        var table = Path.GetTempFileName();
        try
        {
            File.WriteAllText(table, "| `A.B[*].C` `A.D` | * | 2 | we think so |\n");
            var differences = new Differences(table);
            var found = differences.Between(
                new(StringComparer.Ordinal) { ["A.B[x].C"] = "1", ["A.Host"] = "a", ["A.ErrorMessage"] = "text" },
                new(StringComparer.Ordinal) { ["A.B[x].C"] = "2", ["A.Host"] = "b", ["A.ErrorMessage"] = "null" });
            Assert.Equal(["A.B[x].C", "A.ErrorMessage"], found.ConvertAll(difference => difference.Path));
            Assert.Equal("A.B[].C", found[0].Field);
            Assert.Equal("we think so", differences.ReasonFor(found[0]));
            Assert.Null(differences.ReasonFor(found[0] with { Ours = "3" }));
            Assert.Null(differences.ReasonFor(found[1]));
        }
        finally
        {
            File.Delete(table);
        }
    }
}
