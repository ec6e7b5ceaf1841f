using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Deterministic.Tests.Clients.Directories;

/// <summary>A broker's data directory (log.dirs) below the system's temporary folder, deleted with this object.</summary>
public sealed class DataFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("data-folder-").FullName;

    public string Data => Path.Combine(_folder, "data");

    /// <summary>The directory as it is now, for somebody who may change it.</summary>
    public DataFolder Copy()
    {
        var copy = new DataFolder();
        foreach (var file in Directory.GetFiles(Data, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy.Data, Path.GetRelativePath(Data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    /// <summary>
    /// Kafka's dump-log reads every log, index, time index, producer snapshot and metadata snapshot, and complains of
    /// none. Returns how many files of each kind it read. Works on a copy, since the tool makes indexes that it lacks.
    /// </summary>
    public SortedDictionary<string, int> MustBeReadByDumpLog()
    {
        using var copy = Copy();
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (decoder, directories) in DirectoriesByDecoder(copy.Data))
        {
            var files = directories.SelectMany(Directory.GetFiles).Where(IsOfLog).Order(StringComparer.Ordinal).ToList();
            foreach (var file in files)
            {
                var kind = (decoder == DataDecoder ? "" : Path.GetFileName(Path.GetDirectoryName(file)!) + "/")
                    + Path.GetExtension(file);
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }

            string[] arguments = [decoder, "--files", string.Join(',', files)];
            var report = ApacheKafka.Java("org.apache.kafka.tools.DumpLogSegments", arguments).MustRun();
            Assert.True(IsCountedFromMinusOne().Replace(report.Errors, "").Length == 0, report.ToString());
            foreach (var complaint in (string[])["isvalid: false", "ismatch", "Found ", "out of order", "xception", "rror"])
            {
                var line = report.Lines.FirstOrDefault(line => IsComplaint(line, complaint));
                Assert.True(line is null, $"dump-log {decoder}: {line}");
            }

            Assert.Equal(files, report.Lines.Where(line => line.StartsWith("Dumping ", StringComparison.Ordinal))
                .Select(line => line["Dumping ".Length..]));
        }

        return kinds;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string DataDecoder = "--deep-iteration";

    /// <summary>
    /// What the tool says of every segment, of its own broker's too, that does not begin at offset 0: it expects that one.
    /// </summary>
    private static Regex IsCountedFromMinusOne() =>
        new("Non-consecutive offsets in .*/0*([0-9]+)\\.log\n  -1 is followed by \\1\n", RegexOptions.CultureInvariant);

    /// <summary>A record's own text may say anything.</summary>
    private static bool IsComplaint(string line, string complaint) =>
        !line.StartsWith("| ", StringComparison.Ordinal) && line.Contains(complaint, StringComparison.Ordinal);

    private static IEnumerable<(string Decoder, List<string> Directories)> DirectoriesByDecoder(string data)
    {
        var all = Directory.GetDirectories(data).ToLookup(directory => Path.GetFileName(directory) switch
        {
            var name when name.StartsWith("__cluster_metadata-", StringComparison.Ordinal) => "--cluster-metadata-decoder",
            var name when name.StartsWith("__consumer_offsets-", StringComparison.Ordinal) => "--offsets-decoder",
            _ => DataDecoder,
        });
        return all.Select(group => (group.Key, group.ToList()));
    }

    private static bool IsOfLog(string file) =>
        Path.GetExtension(file) is ".log" or ".index" or ".timeindex" or ".txnindex" or ".snapshot" or ".checkpoint"
        && char.IsAsciiDigit(Path.GetFileName(file)[0]);
}
