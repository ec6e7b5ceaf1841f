using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary><c>partition.metadata</c>: which topic, by its id, the directory belongs to.</summary>
public static class PartitionMetadata
{
    private const string VersionKey = "version: ";
    private const string IdKey = "topic_id: ";

    public static IEnumerator<Ticket> Write(Files files, string directory, Uuid topicId) =>
        AtomicFile.Write(
            files,
            $"{directory}/{LogFileNames.PartitionMetadata}",
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{VersionKey}0\n{IdKey}{topicId}")));

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Uuid topicId)
    {
        topicId = Uuid.Zero;
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            if (line.StartsWith(IdKey, StringComparison.Ordinal))
            {
                return Uuid.TryParse(line.AsSpan(IdKey.Length).TrimEnd('\r'), out topicId);
            }
        }

        return false;
    }
}
