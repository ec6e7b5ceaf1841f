using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using Deterministic.Runtime.Real.Storage;
using Microsoft.Win32.SafeHandles;

namespace Deterministic.Perf;

/// <summary>
/// How dirty files become durable soonest: a flush for each, write-back of all started first, one syncfs, or the same
/// bytes
/// in one journal. <c>perf flush [directory]</c> prints the table that docs/decisions/flush.md argues from.
/// </summary>
internal static partial class FlushComparison
{
    private const int Rounds = 15;
    private const uint StartWriteBack = 2;

    private delegate void Way(Files files);

    public static int Run(string parent)
    {
        var root = Directory.CreateDirectory(Path.Combine(parent, "flush-" + Environment.ProcessId)).FullName;
        try
        {
            Console.WriteLine("| dirty files | bytes each | each | write-back first | syncfs | one journal |");
            Console.WriteLine("|---|---|---|---|---|---|");
            foreach (var bytes in new[] { 4096, 65536 })
            {
                foreach (var count in new[] { 1, 2, 3, 4, 6, 8, 16, 32, 100 })
                {
                    Row(root, count, bytes);
                }
            }

            BesideOthers(root);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    private static void Row(string root, int count, int bytes)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {count} | {bytes} | {Median(root, count, bytes, Each)} | {Median(root, count, bytes, WriteBackFirst)} "
            + $"| {Median(root, count, bytes, Whole)} | {Median(root, count, bytes, Journal)} |"));
    }

    /// <summary>Dirty pages of somebody else on the same file system: syncfs writes them too.</summary>
    private static void BesideOthers(string root)
    {
        var calls = new LinuxDiskCalls();
        foreach (var way in new[] { (Name: "each", Run: (Way)Each), (Name: "syncfs", Run: Whole) })
        {
            using var files = new Files(root, 8);
            using var other = Open(Path.Combine(root, "other"));
            var chunk = new ReadOnlyMemory<byte>(new byte[1 << 20]);
            for (var i = 0; i < 512; i++)
            {
                calls.Write(other, (long)i << 20, [chunk]);
            }

            files.Dirty(4096, 0);
            var began = Stopwatch.GetTimestamp();
            way.Run(files);
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"8 files of 4096 beside 512 MiB of others, {way.Name}: {took:F1} ms"));
            File.Delete(Path.Combine(root, "other"));
        }
    }

    private static string Median(string root, int count, int bytes, Way way)
    {
        using var files = new Files(root, count);
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            if (way != Journal)
            {
                files.Dirty(bytes, round);
            }
            else
            {
                files.DirtyJournal(bytes * count, round);
            }

            var began = Stopwatch.GetTimestamp();
            way(files);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        return times[Rounds / 2].ToString("F2", CultureInfo.InvariantCulture);
    }

    private static void Each(Files files)
    {
        foreach (var file in files.All)
        {
            files.Calls.FlushFile(file);
        }
    }

    private static void WriteBackFirst(Files files)
    {
        foreach (var file in files.All)
        {
            _ = SyncFileRange(file, 0, 0, StartWriteBack);
        }

        Each(files);
    }

    private static void Whole(Files files) => files.Calls.FlushFileSystem(files.Root);

    private static void Journal(Files files) => files.Calls.FlushFile(files.Log);

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    /// <summary>So many files, extended by appending as segments are, and one that holds the same bytes.</summary>
    private sealed class Files : IDisposable
    {
        public Files(string root, int count)
        {
            Root = root;
            for (var i = 0; i < count; i++)
            {
                All.Add(Open(Path.Combine(root, i.ToString(CultureInfo.InvariantCulture))));
            }

            Log = Open(Path.Combine(root, "journal"));
            Calls.FlushFileSystem(root);
        }

        public string Root { get; }

        public LinuxDiskCalls Calls { get; } = new();

        public List<SafeFileHandle> All { get; } = [];

        public SafeFileHandle Log { get; }

        public void Dirty(int bytes, int round)
        {
            var piece = new ReadOnlyMemory<byte>(new byte[bytes]);
            foreach (var file in All)
            {
                Calls.Write(file, (long)round * bytes, [piece]);
            }
        }

        public void DirtyJournal(int bytes, int round) =>
            Calls.Write(Log, (long)round * bytes, [new ReadOnlyMemory<byte>(new byte[bytes])]);

        public void Dispose()
        {
            All.ForEach(file => file.Dispose());
            Log.Dispose();
        }
    }
}
