using System;
using System.Globalization;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Whose directory this is: <c>meta.properties</c>, a Java properties file. Written once, when the directory is
/// formatted.
/// </summary>
public readonly record struct MetaProperties(Uuid ClusterId, int NodeId, Uuid DirectoryId)
{
    public const string FileName = "meta.properties";

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"version=1\ncluster.id={ClusterId}\nnode.id={NodeId}\ndirectory.id={DirectoryId}\n"));

    /// <summary>Reads a file's content; on false, <paramref name="why"/> is a sentence for the operator.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out MetaProperties properties, out string why)
    {
        properties = default;
        string? version = null, cluster = null, node = null, directory = null;
        foreach (var raw in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            var line = raw.Trim();
            var equals = line.IndexOfAny(['=', ':']);
            if (line.Length == 0 || line[0] is '#' or '!' || equals < 0)
            {
                continue;
            }

            var value = line[(equals + 1)..].Trim();
            switch (line[..equals].Trim())
            {
                case "version": version = value; break;
                case "cluster.id": cluster = value; break;
                case "node.id": node = value; break;
                case "directory.id": directory = value; break;
                default: break;
            }
        }

        why = Describe(version, cluster, node, directory);
        if (why.Length > 0
            || !Uuid.TryParse(cluster, out var clusterId)
            || !Uuid.TryParse(directory, out var directoryId))
        {
            return false;
        }

        properties = new MetaProperties(clusterId, int.Parse(node!, CultureInfo.InvariantCulture), directoryId);
        return true;
    }

    private static string Describe(string? version, string? cluster, string? node, string? directory)
    {
        if (version != "1")
        {
            return "meta.properties has version " + (version ?? "none") + "; this release reads version 1";
        }

        if (!Uuid.TryParse(cluster, out _))
        {
            return "meta.properties has no valid cluster.id";
        }

        if (!int.TryParse(node, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return "meta.properties has no valid node.id";
        }

        return Uuid.TryParse(directory, out _) ? "" : "meta.properties has no valid directory.id";
    }
}
