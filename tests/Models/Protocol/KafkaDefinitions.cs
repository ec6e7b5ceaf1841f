using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text.Json;
using Deterministic.Protocol.Generator;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// Kafka's own message definitions, read from its jars, in the same plain lines as <see cref="SchemaLines"/> makes of
/// ours: what differs in a line differs on the wire.
/// </summary>
internal static class KafkaDefinitions
{
    /// <summary>Headers are written by hand here; the rest belongs to tiered storage, or is two numbers.</summary>
    public static readonly string[] NotOurs =
    [
        "RequestHeader", "ResponseHeader", "ControlRecordTypeSchema", "RemoteLogSegmentMetadataRecord",
        "RemoteLogSegmentMetadataSnapshotRecord", "RemoteLogSegmentMetadataUpdateRecord",
        "RemotePartitionDeleteMetadataRecord",
    ];

    private static readonly string[] Jars =
    [
        "kafka-clients", "kafka-metadata", "kafka-raft", "kafka-group-coordinator", "kafka-transaction-coordinator",
        "kafka-share-coordinator", "kafka-storage",
    ];

    /// <summary>The lines of every message that has valid versions, by name.</summary>
    public static SortedDictionary<string, string> Read(string kafkaHome)
    {
        var definitions = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var jar in Directory.EnumerateFiles(Path.Combine(kafkaHome, "libs"), "kafka*.jar").Where(IsWanted))
        {
            using var zip = ZipFile.OpenRead(jar);
            foreach (var entry in zip.Entries.Where(entry => entry.Name.EndsWith(".json", StringComparison.Ordinal)))
            {
                using var stream = entry.Open();
                using var document = JsonDocument.Parse(stream, Lenient);
                var message = document.RootElement;
                if (message.TryGetProperty("validVersions", out var valid) && valid.GetString() != "none")
                {
                    definitions.Add(message.GetProperty("name").GetString()!, new Definition(message).Lines());
                }
            }
        }

        return definitions;
    }

    private static JsonDocumentOptions Lenient =>
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The jar's name without its version.</summary>
    private static bool IsWanted(string path) =>
        Jars.Contains(Path.GetFileName(path)[..Path.GetFileName(path).LastIndexOf('-')]);

    private sealed class Definition(JsonElement message)
    {
        private readonly List<string> _lines = [];
        private readonly VersionRange _valid = Range(message.GetProperty("validVersions").GetString()!, 0);

        public string Lines()
        {
            var number = message.TryGetProperty("apiKey", out var key) ? key.GetInt32() : -1;
            var flexible = Versions(message, "flexibleVersions").Within(_valid);
            _lines.Add(SchemaLines.Head(Kind(), number, _valid, flexible, IsUnstable(), Listeners()));
            Fields(message, "", _valid);
            return string.Join('\n', _lines);
        }

        private MessageKind Kind() => message.GetProperty("type").GetString() switch
        {
            "request" => MessageKind.Request,
            "response" => MessageKind.Response,
            "metadata" => MessageKind.Metadata,
            "coordinator-key" => MessageKind.Key,
            "coordinator-value" => MessageKind.Value,
            _ => MessageKind.Data,
        };

        private bool IsUnstable() => message.TryGetProperty("latestVersionUnstable", out var flag) && flag.GetBoolean();

        private string Listeners() => message.TryGetProperty("listeners", out var list) && Kind() == MessageKind.Request
            ? string.Join(' ', list.EnumerateArray().Select(one => one.GetString()).Order(StringComparer.Ordinal))
            : "";

        private void Fields(JsonElement parent, string path, VersionRange around)
        {
            foreach (var field in parent.GetProperty("fields").EnumerateArray())
            {
                var versions = Versions(field, "versions", "taggedVersions").Within(around);
                if (versions.IsNone)
                {
                    continue;
                }

                var name = field.GetProperty("name").GetString()!;
                var here = path + char.ToUpperInvariant(name[0]) + name[1..];
                var type = field.GetProperty("type").GetString()!;
                var nullable = Versions(field, "nullableVersions").Within(versions);
                var tag = field.TryGetProperty("tag", out var number) ? number.GetInt32() : -1;
                var line = SchemaLines.Line(here, type, versions, nullable, tag, Default(field, type, nullable));
                _lines.Add(line);
                if (Inner(field, type) is { } inner)
                {
                    Fields(inner, here + ".", versions);
                }
            }
        }

        private JsonElement? Inner(JsonElement field, string type)
        {
            if (field.TryGetProperty("fields", out _))
            {
                return field;
            }

            if (message.TryGetProperty("commonStructs", out var common))
            {
                var name = type.Replace("[]", "", StringComparison.Ordinal);
                foreach (var one in common.EnumerateArray().Where(one => one.GetProperty("name").GetString() == name))
                {
                    return one;
                }
            }

            return null;
        }

        private static string Default(JsonElement field, string type, VersionRange nullable)
        {
            // A default that is JSON's null, not the word, means none to Kafka's generator.
            if (!field.TryGetProperty("default", out var value) || value.ValueKind == JsonValueKind.Null)
            {
                return type == "records" && !nullable.IsNone ? "null" : "";
            }

            return SchemaLines.PlainDefault(value.ToString());
        }

        /// <summary>The range of the first of these properties that is there.</summary>
        private VersionRange Versions(JsonElement element, params string[] properties)
        {
            foreach (var property in properties)
            {
                if (element.TryGetProperty(property, out var range))
                {
                    return Range(range.GetString()!, _valid.Last);
                }
            }

            return VersionRange.None;
        }

        private static VersionRange Range(string text, int last)
        {
            if (text == "none")
            {
                return VersionRange.None;
            }

            var ends = text.TrimEnd('+').Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            return text.EndsWith('+') ? new VersionRange(first, last)
                : new VersionRange(first, ends.Length == 1 ? first : int.Parse(ends[1], CultureInfo.InvariantCulture));
        }
    }
}
