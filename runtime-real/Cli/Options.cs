using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>What the command line asks for, before anything is opened.</summary>
internal sealed class Options
{
    private const string EnvironmentPrefix = "DETERMINISTIC_";

    /// <summary>Variables with our prefix that are no broker properties.</summary>
    private static readonly string[] OtherVariables = ["DATA", "TEST_BROKER", "HOME"];

    private readonly SortedDictionary<string, string> _flags = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _file = new(StringComparer.Ordinal);

    public bool WantsHelp { get; private set; }

    public bool WantsVersion { get; private set; }

    /// <summary>--data, else DETERMINISTIC_DATA; null where the configuration or the default decides.</summary>
    public string? Data { get; private set; }

    /// <summary>--nodes: a whole cluster in this process; 0 where one node was asked for.</summary>
    public int Nodes { get; private set; }

    /// <summary>--interactive: nodes of the cluster are killed and started by commands from standard input.</summary>
    public bool IsInteractive { get; private set; }

    /// <summary>--port, for the first node of a cluster.</summary>
    public int? Port { get; private set; }

    /// <summary>The cluster that a new directory is to belong to; null: its own, drawn.</summary>
    public Uuid? ClusterId { get; private set; }

    /// <summary>Log what an operator rarely needs.</summary>
    public bool IsVerbose { get; private set; }

    /// <summary>Use the portable twins even on Linux.</summary>
    public bool IsPortable { get; private set; }

    /// <summary>Broker properties: the file, over it the environment, over that the flags.</summary>
    public SortedDictionary<string, string> Properties { get; } = new(StringComparer.Ordinal);

    /// <summary>Throws <see cref="StartupException"/> with one sentence that names the bad word.</summary>
    public static Options Parse(string[] args, IReadOnlyDictionary<string, string> environment)
    {
        var options = new Options();
        for (var i = 0; i < args.Length; i++)
        {
            options.Take(args, ref i);
        }

        if (options.IsInteractive && options.Nodes == 0)
        {
            throw new StartupException("--interactive wants --nodes N beside it");
        }

        Merge(options.Properties, options._file);
        foreach (var (name, value) in environment)
        {
            if (name.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
            {
                options.TakeVariable(name[EnvironmentPrefix.Length..], value);
            }
        }

        Merge(options.Properties, options._flags);
        return options;
    }

    private void Take(string[] args, ref int i)
    {
        var word = args[i];
        if (!word.StartsWith('-'))
        {
            // Kafka's own start script takes the file this way.
            ReadFile(word);
            return;
        }

        var equals = word.IndexOf('=');
        var name = equals < 0 ? word : word[..equals];
        switch (name)
        {
            case "--help" or "-h":
                WantsHelp = true;
                return;
            case "--version":
                WantsVersion = true;
                return;
            case "--verbose" or "-v":
                IsVerbose = true;
                return;
            case "--portable":
                IsPortable = true;
                return;
            case "--interactive":
                IsInteractive = true;
                return;
            default:
                var value = equals >= 0 ? word[(equals + 1)..] : Next(args, ref i, name);
                TakeValue(name, value);
                return;
        }
    }

    private void TakeValue(string name, string value)
    {
        switch (name)
        {
            case "--config":
                ReadFile(value);
                break;
            case "--data":
                Data = value;
                break;
            case "--port":
                if (!ushort.TryParse(value, CultureInfo.InvariantCulture, out _))
                {
                    throw new StartupException($"--port wants a number from 0 to 65535, not '{value}'");
                }

                Port = int.Parse(value, CultureInfo.InvariantCulture);
                _flags["listeners"] = "PLAINTEXT://localhost:" + value;
                _flags.Remove("advertised.listeners");
                break;
            case "--nodes":
                Nodes = byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var nodes)
                    && nodes is > 0 and <= 100
                    ? nodes
                    : throw new StartupException($"--nodes wants a number from 1 to 100, not '{value}'");
                break;
            case "--cluster-id":
                ClusterId = Uuid.TryParse(value, out var cluster)
                    ? cluster
                    : throw new StartupException($"--cluster-id wants an id as 'storage random-uuid' prints, not '{value}'");
                break;
            case "--set" or "--override":
                var equals = value.IndexOf('=');
                if (equals <= 0)
                {
                    throw new StartupException($"{name} wants key=value, not '{value}'");
                }

                _flags[value[..equals].Trim()] = value[(equals + 1)..].Trim();
                break;
            default:
                // Any property of Kafka's may be given as an option of its own name.
                if (!name.StartsWith("--", StringComparison.Ordinal)
                    || (!name.Contains('.', StringComparison.Ordinal) && name != "--listeners"))
                {
                    throw new StartupException($"unknown option '{name}'; --help lists all");
                }

                _flags[name[2..]] = value;
                break;
        }
    }

    private static string Next(string[] args, ref int i, string name)
    {
        if (i + 1 >= args.Length)
        {
            var isKnown = name is "--config" or "--data" or "--port" or "--set" or "--override" or "--nodes" or "--cluster-id"
                || name.Contains('.', StringComparison.Ordinal);
            throw new StartupException(
                isKnown ? $"option '{name}' wants a value" : $"unknown option '{name}'; --help lists all");
        }

        return args[++i];
    }

    private void ReadFile(string path)
    {
        try
        {
            Merge(_file, PropertiesFile.Parse(File.ReadAllText(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"cannot read the configuration {path}: {e.Message}", e);
        }
    }

    /// <summary>NUM_PARTITIONS is num.partitions; two underscores are one, three a dash.</summary>
    private void TakeVariable(string name, string value)
    {
        if (name == "DATA")
        {
            Data ??= value.Length > 0 ? value : null;
        }
        else if (Array.IndexOf(OtherVariables, name) < 0 && !name.StartsWith("TEST_", StringComparison.Ordinal))
        {
            var property = name
                .Replace("___", "-", StringComparison.Ordinal)
                .Replace("__", "\0", StringComparison.Ordinal)
                .Replace('_', '.')
                .Replace('\0', '_')
                .ToLowerInvariant();
            Properties[property] = value;
        }
    }

    private static void Merge(SortedDictionary<string, string> into, SortedDictionary<string, string> from)
    {
        foreach (var (key, value) in from)
        {
            into[key] = value;
        }
    }
}
