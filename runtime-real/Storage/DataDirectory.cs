using System;
using System.IO;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>A reason not to start that a person can act on: one sentence.</summary>
internal sealed class StartupException : Exception
{
    public StartupException(string message)
        : base(message)
    {
    }

    public StartupException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>
/// One node's data directory, held for as long as the node runs: created where there is none, refused where it is
/// somebody
/// else's, cannot be written or is in use. The lock is Kafka's own <c>.lock</c> file, locked in Kafka's manner as well,
/// so that neither broker starts on a directory the other has.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    public const string LockName = ".lock";
    public const string FlightPrefix = "flight-";

    private const string Marker = "meta.properties";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <summary>Throws <see cref="StartupException"/> with one clear sentence.</summary>
    public static DataDirectory Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full);
            RefuseForeign(full);
            return new DataDirectory(full, Lock(full));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartupException($"cannot write to the data directory {full}: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new StartupException($"cannot use {full} as data directory: {e.Message}", e);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void RefuseForeign(string full)
    {
        if (File.Exists(System.IO.Path.Combine(full, LockName)) || File.Exists(System.IO.Path.Combine(full, Marker)))
        {
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(full))
        {
            var name = System.IO.Path.GetFileName(entry);
            if (name != "lost+found")
            {
                throw new StartupException(
                    $"{full} is not a broker's data directory: it holds '{name}' and no {Marker}; "
                    + "give an empty or new directory with --data");
            }
        }
    }

    private static FileStream Lock(string full)
    {
        var path = System.IO.Path.Combine(full, LockName);
        FileStream held;
        try
        {
            held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw InUse(full, e);
        }

        if (!OperatingSystem.IsMacOS())
        {
            try
            {
                held.Lock(0, 0);
            }
            catch (IOException e)
            {
                held.Dispose();
                throw InUse(full, e);
            }
        }

        return held;
    }

    private static StartupException InUse(string full, IOException e) =>
        new($"the data directory {full} is in use by another broker; stop it or give another directory with --data", e);
}
