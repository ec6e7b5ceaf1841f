using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Deterministic.Tests.Tidy;
using Xunit;

namespace Deterministic.Tests.Models.Records.Kafka;

/// <summary>Kafka's own classes in a process of their own, answering line by line (see BatchOracle.java).</summary>
public sealed class BatchOracle : IDisposable
{
    private Process? _process;

    /// <summary>The answer without its "ok ", or null and the error.</summary>
    public string? Ask(string question, out string error)
    {
        _process ??= Start();
        _process.StandardInput.WriteLine(question);
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException("The oracle ended: " + _process.StandardError.ReadToEnd());
        var isGood = answer.StartsWith("ok ", StringComparison.Ordinal);
        error = isGood ? "" : answer["err ".Length..];
        return isGood ? answer["ok ".Length..] : null;
    }

    public string Ask(string question) =>
        Ask(question, out var error) ?? throw new InvalidOperationException($"{error} to: {question}");

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static string HexOrNull(byte[]? bytes) => bytes is null ? "-" : Hex(bytes);

    public static string Describe(RecordModel record) => string.Join(
        ':',
        record.Timestamp,
        HexOrNull(record.Key),
        HexOrNull(record.Value),
        string.Join(',', record.Headers.Select(header => $"{Hex(header.Key)}={HexOrNull(header.Value)}")));

    public void Dispose()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(10_000))
            {
                process.Kill();
            }

            process.Dispose();
        }
    }

    private static Process Start()
    {
        var program = Path.Combine(SourceTree.Root, "tests", "Models", "Records", "Kafka", "BatchOracle.java");
        var start = new ProcessStartInfo("java")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { "-cp", Path.Combine(KafkaHome.Path!, "libs", "*"), program })
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("java does not start");
    }
}

/// <summary>One oracle process for all test classes that ask it.</summary>
[CollectionDefinition(Name)]
public sealed class BatchOracleCollection : ICollectionFixture<BatchOracle>
{
    public const string Name = "batch oracle";
}
