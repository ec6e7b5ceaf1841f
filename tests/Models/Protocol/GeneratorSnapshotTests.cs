using System;
using System.IO;
using Deterministic.Protocol.Generator;
using Deterministic.Tests.Tidy;
using Xunit;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// What the generator writes for three messages, kept as text, so that a change of its output is read by somebody.
/// Where the change is meant: DETERMINISTIC_ACCEPT=1 dotnet test --filter GeneratorSnapshot, and look at the diff.
/// </summary>
public sealed class GeneratorSnapshotTests
{
    private const string Plain =
        """
        # Deletes what is named.
        request 90 Plain 0-2 flexible never on broker
          Names     []string 0+
          TimeoutMs int32    0+ = 30000  # How long to wait.
          Force     bool     1+
        """;

    private const string FlexibleWithTags =
        """
        data Tagged 0-3 flexible 2+
          Id      uuid    0+
          Rack    string  1-2 null 2+
          Epoch   int64   2+  tag 1 = -1
          Leader  Leader  3+  tag 0
            Id    int32   3+  = -1
        """;

    private const string NestedNullable =
        """
        response 91 Nested 0-1 flexible 0+
          struct Place
            Host  string  0+
            Port  uint16  0+
          Topics  []Topic 0+ null 0+ = null
            Name  string  0+
            Owner Place   0+ null 0+ = null
            Bytes records 1+ null 1+ = null
          Place   Place   0+
        """;

    [Theory]
    [InlineData("Plain", Plain)]
    [InlineData("FlexibleWithTags", FlexibleWithTags)]
    [InlineData("NestedNullable", NestedNullable)]
    public void The_generator_writes_what_it_wrote_before(string name, string schema)
    {
        var file = Path.Combine(SourceTree.Root, "tests", "Models", "Protocol", "Snapshots", name + ".txt");
        var written = MessageEmitter.Emit(SchemaParser.Parse(schema));
        if (Environment.GetEnvironmentVariable("DETERMINISTIC_ACCEPT") == "1")
        {
            File.WriteAllText(file, written);
        }

        Assert.Equal(File.ReadAllText(file), written);
    }

    [Fact]
    public void The_table_is_sorted_by_key_and_knows_unstable_versions()
    {
        var messages = SchemaParser.Parse(
            """
            request 7 Later 0-3 flexible 1+ unstable on broker controller
              X int32 0+
            request 2 Earlier 1 flexible never on controller
              X int32 0+
            """);
        var table = ApiTableEmitter.Emit(messages);
        Assert.Matches("ApiKey.Earlier,\\s+ApiKey.Later,\\s", table);
        Assert.Contains("ApiKey.Later => 2,", table, StringComparison.Ordinal);
        Assert.Contains("ApiKey.Later => 3,", table, StringComparison.Ordinal);
        Assert.Contains("ApiKey.Earlier => new EarlierRequest(),", table, StringComparison.Ordinal);
    }
}
