using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>The names of a partition's files, as Kafka has them: an offset in twenty digits and an ending.</summary>
internal static class LogFileNames
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";
    public const string Snapshot = ".snapshot";
    public const string Deleted = ".deleted";
    public const string Cleaned = ".cleaned";
    public const string Swap = ".swap";
    public const string Temporary = ".tmp";
    public const string Stray = "-stray";
    public const string PartitionMetadata = "partition.metadata";
    public const string LeaderEpochs = "leader-epoch-checkpoint";

    private const int Digits = 20;

    public static string Of(string directory, Offset offset, string ending) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{offset.Value:D20}{ending}");

    /// <summary>
    /// Another name for a directory that is put aside. It has at most 255 characters, so a long topic name is cut; the id keeps
    /// it apart from others.
    /// </summary>
    public static string Aside(string directory, string ending, Prng prng)
    {
        const int longest = 255;
        var id = Uuid.Random(prng);
        var unique = string.Create(CultureInfo.InvariantCulture, $".{id.High:x16}{id.Low:x16}{ending}");
        return string.Concat(directory.AsSpan(0, Math.Min(longest - unique.Length, directory.Length)), unique);
    }

    /// <summary>Splits a file's name (without directories) in its offset and what follows.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out Offset offset, out string ending)
    {
        offset = Offset.None;
        ending = "";
        if (name.Length <= Digits || name[Digits] != '.'
            || !long.TryParse(name[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        offset = new Offset(value);
        ending = name[Digits..].ToString();
        return true;
    }

    /// <summary>The offset in a path's name where it has this ending.</summary>
    public static bool TryParse(string path, string ending, out Offset offset) =>
        TryParse(NameOf(path), out offset, out var found) && found == ending;

    public static ReadOnlySpan<char> NameOf(string path) => path.AsSpan(path.LastIndexOf('/') + 1);
}
