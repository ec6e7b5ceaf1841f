using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Deterministic.Tests.Clients;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>
/// A fact that needs Linux, perhaps root, and programs; skipped with the reason where they are missing.
/// </summary>
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute(bool root = false, params string[] programs) => Skip = WhyNot(root, programs);

    /// <summary>Why a test with these needs cannot run here, or null when it can.</summary>
    internal static string? WhyNot(bool root, params string[] programs) =>
        !OperatingSystem.IsLinux() ? "only Linux has what this test does to a broker"
            : root && Environment.UserName != "root" ? "mounting needs root"
            : programs.FirstOrDefault(program => !IsInstalled(program)) is { } missing ? $"{missing} is not installed"
            : root && !CanMount.Value ? "this machine does not let root mount a file system"
            : null;

    private static Lazy<bool> CanMount { get; } = new(() =>
    {
        using var folder = new TemporaryFolder();
        return new Tool("mount", "-t", "tmpfs", "-o", "size=1m", "none", folder.Path).Run().ExitCode == 0
            && new Tool("umount", folder.Path).Run().ExitCode == 0;
    });

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}

/// <summary>A folder that goes with its owner.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("deterministic-process-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>A small ext4 file system of its own whose power can be cut: what was not flushed is gone.</summary>
internal sealed partial class CutOffDisk : IDisposable
{
    private const nuint ShutdownRequest = 0x8004587d;
    private const uint WithoutFlushingTheLog = 2;

    private readonly TemporaryFolder _folder = new();
    private bool _isMounted;

    public CutOffDisk()
    {
        Directory.CreateDirectory(Mount);
        new Tool("truncate", "-s", "320M", Image).MustRun();
        new Tool("mkfs.ext4", "-q", "-F", Image).MustRun();
        MountAgain();
    }

    public string Mount => Path.Combine(_folder.Path, "mnt");

    private string Image => Path.Combine(_folder.Path, "disk.img");

    /// <summary>From now on every write fails, and what was not flushed never happened.</summary>
    public void CutPower()
    {
        using var directory = Open(Mount, 0x10000);
        Assert.False(directory.IsInvalid);
        var flags = WithoutFlushingTheLog;
        Assert.Equal(0, Control(directory, ShutdownRequest, ref flags));
    }

    public void MountAgain()
    {
        if (_isMounted)
        {
            new Tool("umount", Mount).MustRun();
        }

        new Tool("mount", "-o", "loop", Image, Mount).MustRun();
        _isMounted = true;
    }

    public void Dispose()
    {
        if (_isMounted)
        {
            new Tool("umount", "-l", Mount).Run();
        }

        _folder.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, ref uint argument);
}
