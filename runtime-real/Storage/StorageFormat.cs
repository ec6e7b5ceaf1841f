using System;
using System.Buffers.Binary;
using System.Collections.Generic;
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

    /// <summary>Throws <see cref="StartupException"/> where the directory is formatted already.</summary>
    /// <param name="directory">The data directory, made where it is not there.</param>
    /// <param name="properties">The node, the cluster and the directory's id.</param>
    /// <param name="voters">The first voters of a quorum whose voters can change; null where nobody is to be told.</param>
    /// <param name="features">The levels that the first controller writes.</param>
    public static void Format(
        string directory, MetaProperties properties, VoterSet? voters, IReadOnlyList<MetadataRecord> features)
    {
        if (File.Exists(Path.Combine(directory, MetaProperties.FileName)))
        {
            throw new StartupException($"{directory} is formatted already; --ignore-formatted leaves it as it is");
        }

        Directory.CreateDirectory(directory);
        var wallMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var bootstrap = BootstrapCheckpoint.Of(features, wallMs);
        Write(Path.Combine(directory, BootstrapCheckpoint.FileName), FileMode.Create, bootstrap);
        if (voters is not null)
        {
            var path = Path.Combine(directory, FirstSnapshot.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Write(path, FileMode.Create, FirstSnapshot.Of(voters, wallMs));
        }

        // Last: it is what says that the directory is formatted.
        Write(Path.Combine(directory, MetaProperties.FileName), FileMode.CreateNew, properties.ToBytes());
    }

    private static void Write(string path, FileMode mode, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(path, mode, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }
}
