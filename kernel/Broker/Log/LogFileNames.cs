using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>Kafka's names for the files of a log: the base offset in twenty digits, and an ending.</summary>
public static class LogFileNames
{
    public const string Log = ".log";
    public const string Index = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";
    public const string Snapshot = ".snapshot";
    public const string Deleted = ".deleted";
    public const string Cleaned = ".cleaned";
    public const string Swap = ".swap";
    public const string Temporary = ".tmp";
    public const string LeaderEpochs = "leader-epoch-checkpoint";
    public const string PartitionMetadata = "partition.metadata";
    private const int Digits = 20;

    public static string Of(string directory, Offset baseOffset, string ending) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{baseOffset.Value:D20}{ending}");

    /// <summary>The offset in a file's name; false where the path is not of this form.</summary>
    public static bool TryParse(string path, string ending, out Offset offset)
    {
        offset = Offset.None;
        var name = path.AsSpan(path.LastIndexOf('/') + 1);
        if (name.Length != Digits + ending.Length
            || !name.EndsWith(ending, StringComparison.Ordinal)
            || !long.TryParse(name[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        offset = new Offset(value);
        return true;
    }
}
