using System;
using System.Globalization;

namespace Deterministic.Perf.Load;

/// <summary>The load commands: <c>perf load produce|fetch|raw key=value ...</c>, one line of result.</summary>
internal static class LoadCommand
{
    public const string Usage =
        "perf load produce|fetch|raw [host=localhost] [port=9092] [topic=perf] [partitions=1] [record=1024] [batch=65536]\n" +
        "          [acks=-1] [in-flight=64] [rate=0] [seconds=5] [bytes=2147483648] [pid=0] [durability=flush|page-cache]\n" +
        "perf raw-server port path";

    public static int Run(string kind, ReadOnlySpan<string> words)
    {
        var options = new LoadOptions();
        foreach (var word in words)
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || Apply(options, word[..at], word[(at + 1)..]) is not { } next)
            {
                Console.Error.WriteLine($"perf: what is '{word}'?\n{Usage}");
                return 2;
            }

            options = next;
        }

        var result = kind switch
        {
            "produce" => new ProduceLoad(options).Run(),
            "fetch" => new FetchLoad(options).Run(),
            "raw" => RawLoad.Run(options),
            _ => null,
        };
        if (result is null)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.What}|{result.MegabytesPerSecond:F0} MB/s|{result.CoreSecondsPerGigabyte:F2} core-s/GB|"
            + $"p50 {result.P50:F2} ms|p99 {result.P99:F2} ms|p99.9 {result.P999:F2} ms"));
        return 0;
    }

    private static LoadOptions? Apply(LoadOptions options, string key, string value) => key switch
    {
        "host" => options with { Host = value },
        "port" => options with { Port = Number(value) },
        "topic" => options with { Topic = value },
        "partitions" => options with { Partitions = Number(value) },
        "record" => options with { RecordBytes = Number(value) },
        "batch" => options with { BatchBytes = Number(value) },
        "acks" => options with { Acks = (short)Number(value) },
        "in-flight" => options with { InFlight = Number(value) },
        "rate" => options with { Rate = Number(value) },
        "seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
        "bytes" => options with { Bytes = long.Parse(value, CultureInfo.InvariantCulture) },
        "pid" => options with { Pid = Number(value) },
        "durability" => options with { Durability = value },
        _ => null,
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
