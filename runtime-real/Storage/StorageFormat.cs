using System;
using System.Buffers.Binary;
using System.IO;
using System.Security.Cryptography;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// Formats a directory before its first start, as Kafka's <c>storage format</c> does: nodes that are to be one cluster must
/// agree on its id before they meet.
/// </summary>
internal static class StorageFormat
{
    /// <summary>A random id, as <c>storage random-uuid</c> prints.</summary>
    public static Uuid NewId() =>
        Uuid.Random(new Prng(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)))));

    /// <summary>What a formatted directory says; null where it is not one.</summary>
    public static MetaProperties? TryRead(string directory)
    {
        var path = Path.Combine(directory, MetaProperties.FileName);
        return File.Exists(path) && MetaProperties.TryParse(File.ReadAllBytes(path), out var properties, out _)
            ? properties
            : null;
    }

    /// <summary>Throws <see cref="StartupException"/> where the directory is formatted already, or not empty.</summary>
    public static MetaProperties Format(string directory, int node, Uuid cluster) =>
        Format(directory, node, cluster, NewId(), voters: null);

    /// <summary>The same with a given directory id, and with the first voters of a quorum whose voters can change.</summary>
    public static MetaProperties Format(string directory, int node, Uuid cluster, Uuid directoryId, VoterSet? voters)
    {
        if (File.Exists(Path.Combine(directory, MetaProperties.FileName)))
        {
            throw new StartupException($"{directory} is formatted already; --ignore-formatted leaves it as it is");
        }

        Directory.CreateDirectory(directory);
        if (voters is not null)
        {
            var path = Path.Combine(directory, FirstSnapshot.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Write(path, FileMode.Create, FirstSnapshot.Of(voters, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
        }

        // Last: it is what says that the directory is formatted.
        var properties = new MetaProperties(cluster, node, directoryId);
        Write(Path.Combine(directory, MetaProperties.FileName), FileMode.CreateNew, properties.ToBytes());
        return properties;
    }

    private static void Write(string path, FileMode mode, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, mode, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }
}
