using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Deterministic.Broker.Raft;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// <c>storage format</c> and <c>storage random-uuid</c>, with the words of Kafka's tool: nodes of one cluster are formatted
/// with one id before they first meet.
/// </summary>
internal static class StorageCommand
{
    public static int Run(string[] words, IReadOnlyDictionary<string, string> environment)
    {
        try
        {
            switch (words)
            {
                case ["random-uuid"]:
                    Console.Out.WriteLine(StorageFormat.NewId());
                    return CommandLine.Stopped;
                case ["format", .. var rest]:
                    return Format(rest, environment);
                default:
                    throw new StartupException("storage wants 'format' or 'random-uuid'; --help has examples");
            }
        }
        catch (StartupException e)
        {
            return CommandLine.Complain(e.Message, CommandLine.BadConfiguration);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return CommandLine.Complain("storage: " + e.Message, CommandLine.CannotStart);
        }
    }

    private static int Format(string[] words, IReadOnlyDictionary<string, string> environment)
    {
        string[] ignore = ["--ignore-formatted", "-g"];
        var isIgnored = words.Any(ignore.Contains);
        var features = FirstFeatures.Parse(words.Where(word => !ignore.Contains(word)), out var unknown);
        var quorum = FirstQuorum.Parse(unknown, out var others);
        features.AgreeWith(quorum);

        // Kafka's short names.
        var rest = others.Select(word => word switch
        {
            "-t" => "--cluster-id",
            "-c" => "--config",
            _ => word,
        }).ToArray();
        var options = Options.Parse(rest, environment);
        var cluster = options.ClusterId
            ?? throw new StartupException("storage format wants --cluster-id; 'storage random-uuid' makes one");
        var configuration = BrokerConfiguration.From(options.Properties, options.Data, options.IsPortable);
        if (isIgnored && StorageFormat.TryRead(configuration.DataPath) is { } formatted)
        {
            Console.Out.WriteLine($"{configuration.DataPath} is formatted already for cluster {formatted.ClusterId}");
            return CommandLine.Stopped;
        }

        var directory = quorum.DirectoryOf(configuration.NodeId) ?? StorageFormat.NewId();
        var properties = new MetaProperties(cluster, configuration.NodeId, directory);
        var voters = quorum.VotersOf(configuration, directory);
        StorageFormat.Format(configuration.DataPath, properties, voters, features.Records);
        Console.Out.WriteLine($"formatted {configuration.DataPath} for node {configuration.NodeId} of cluster {cluster}");
        return CommandLine.Stopped;
    }
}
