using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Runtime.Sim.Cli;

/// <summary>A command line nobody understands; the message says what and what would be right.</summary>
public sealed class UsageException : Exception
{
    public UsageException()
    {
    }

    public UsageException(string message)
        : base(message)
    {
    }

    public UsageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The words and options after a command.</summary>
public sealed class Options
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <param name="args">What follows the command.</param>
    /// <param name="withValue">Options that take a value.</param>
    /// <param name="flags">Options that do not.</param>
    public Options(ReadOnlySpan<string> args, string[] withValue, string[] flags)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var arg = args[i];
            if (!arg.StartsWith("--", StringComparison.Ordinal))
            {
                Words.Add(arg);
            }
            else if (Array.IndexOf(flags, arg) >= 0)
            {
                _values[arg] = "";
            }
            else if (Array.IndexOf(withValue, arg) < 0)
            {
                throw new UsageException($"there is no option {arg} here; see --help");
            }
            else if (i + 1 == args.Length)
            {
                throw new UsageException($"{arg} needs a value");
            }
            else
            {
                _values[arg] = args[++i];
            }
        }
    }

    public List<string> Words { get; } = [];

    public bool Has(string option) => _values.ContainsKey(option);

    public string? Text(string option) => _values.GetValueOrDefault(option);

    public ulong Number(string option, ulong otherwise)
    {
        if (Text(option) is not { } text)
        {
            return otherwise;
        }

        return ulong.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UsageException($"{option} {text}: that is no number");
    }

    /// <summary>"A..B", or one number N for 1..N.</summary>
    public (ulong First, ulong Last)? Seeds()
    {
        if (Text("--seeds") is not { } text)
        {
            return null;
        }

        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var (first, last) = dots < 0 ? ("1", text) : (text[..dots], text[(dots + 2)..]);
        return ulong.TryParse(first, CultureInfo.InvariantCulture, out var a)
            && ulong.TryParse(last, CultureInfo.InvariantCulture, out var b)
            && a <= b
            ? (a, b)
            : throw new UsageException($"--seeds {text}: say A..B, or N for 1..N");
    }
}
