using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Deterministic.Protocol;
using Deterministic.Tests.Tidy;
using Xunit;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// Every message at every version against Kafka's own classes: they are told the values as JSON and answer with the
/// bytes they would send. Ours must be the same bytes, and must read back as the same values.
/// </summary>
public sealed class GoldenByteTests
{
    private const int MessagesPerVersion = 6;

    [KafkaFact]
    public void Every_message_at_every_version_has_the_bytes_that_Kafka_gives_it()
    {
        var cases = Cases();
        var answers = Ask(cases.Select(one => one.Question));
        Assert.Equal(cases.Count, answers.Length);
        var wrong = new List<string>();
        for (var i = 0; i < cases.Count; i++)
        {
            var (message, version, value, question) = cases[i];
            var ours = Convert.ToHexStringLower(Frames.ToArray(value, (short)version));
            if (ours != answers[i])
            {
                wrong.Add($"{question}\n  Kafka {answers[i]}\n  ours  {ours}");
                continue;
            }

            var received = message.New();
            Assert.True(Frames.TryRead(Convert.FromHexString(answers[i]), received, (short)version));
            Assert.Equal(value, received);
        }

        var first = string.Join("\n", wrong.Take(3));
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cases.Count} differ; the first:\n{first}");
    }

    [KafkaFact]
    public void Error_codes_have_Kafkas_numbers_names_and_retriability()
    {
        var theirs = Ask(["errors 0 {}"])[0].Split(' ').Order(StringComparer.Ordinal);
        var ours = Enum.GetValues<ErrorCode>()
            .Select(code => $"{KafkaName(code)}={(short)code}{(code.IsRetriable() ? "!" : "")}")
            .Order(StringComparer.Ordinal);
        Assert.Equal(theirs, ours);
    }

    /// <summary>OffsetOutOfRange is OFFSET_OUT_OF_RANGE.</summary>
    private static string KafkaName(ErrorCode code) => string.Concat(code.ToString()
        .Select((letter, at) => at > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"));

    private static List<(MessageClass Message, int Version, IMessage Value, string Question)> Cases()
    {
        var cases = new List<(MessageClass, int, IMessage, string)>();
        foreach (var message in MessageCatalog.All)
        {
            for (var version = message.Schema.Versions.First; version <= message.Schema.Versions.Last; version++)
            {
                for (var seed = 0; seed < MessagesPerVersion; seed++)
                {
                    var value = MessageMaker.Make(message, version, (ulong)((version * 1000) + seed));
                    var json = MessageJson.Of(message, version, value);
                    cases.Add((message, version, value, $"{message.Schema.Name} {version} {json}"));
                }
            }
        }

        return cases;
    }

    private static string[] Ask(IEnumerable<string> questions)
    {
        var program = Path.Combine(SourceTree.Root, "tests", "Models", "Protocol", "golden", "WriteMessages.java");
        var libraries = Path.Combine(KafkaHome.Path!, "libs", "*");
        var start = new ProcessStartInfo("java", ["-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", libraries, program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        using var java = Process.Start(start) ?? throw new InvalidOperationException("java does not start");
        var answers = Task.Run(java.StandardOutput.ReadToEnd);
        foreach (var question in questions)
        {
            java.StandardInput.WriteLine(question);
        }

        java.StandardInput.Close();
        java.WaitForExit();
        return answers.GetAwaiter().GetResult().TrimEnd('\n').Split('\n');
    }
}
