using System;
using System.Collections.Generic;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>
/// <c>files-prefix</c>: a log file that a crash and a recovery have gone over holds what was written to it, up to
/// some point, and
/// nothing else; after a power loss that point is not below what had been flushed.
/// </summary>
/// <remarks>
/// White box: it looks at the disk itself, at the moment of the crash and again when the node says it is ready, before
/// any client can append. Internal topics are left out, since a starting node may append to them.
/// </remarks>
public sealed class FilesArePrefix : IWorldObserver
{
    public const string Name = "files-prefix";

    private readonly Contract _contract;
    private readonly Dictionary<int, SortedDictionary<string, (byte[] Written, long Flushed)>> _before = [];

    public FilesArePrefix(Contract contract)
    {
        _contract = contract;
    }

    /// <summary>Files compared so far; a check that never compares proves nothing.</summary>
    public int Compared { get; private set; }

    public void Happened(World world, in Happening happening)
    {
        switch (happening.Kind)
        {
            case HappeningKind.NodeKilled or HappeningKind.PowerLost or HappeningKind.NodeHalted:
                Remember(world.Nodes[happening.Node]);
                break;
            case HappeningKind.NodeReady:
                Compare(world, world.Nodes[happening.Node]);
                break;
            default:
                break;
        }
    }

    private void Remember(NodeProcess node)
    {
        // A second crash during recovery: what the first left is still what counts.
        if (_before.ContainsKey(node.Host) && !node.IsReady)
        {
            return;
        }

        var files = new SortedDictionary<string, (byte[], long)>(StringComparer.Ordinal);
        foreach (var (path, file) in node.Disk.Files)
        {
            if (IsLog(path))
            {
                files.Add(path, (file.Staged.ToArray(), file.Length - file.Unflushed));
            }
        }

        _before[node.Host] = files;
    }

    private void Compare(World world, NodeProcess node)
    {
        if (!_before.Remove(node.Host, out var files) || _contract.DisksLie)
        {
            return;
        }

        node.Disk.Settle();
        foreach (var (path, file) in node.Disk.Files)
        {
            if (!files.TryGetValue(path, out var before))
            {
                continue;
            }

            Compared++;
            var now = file.Staged;
            if (!before.Written.AsSpan().StartsWith(now))
            {
                var at = before.Written.AsSpan().CommonPrefixLength(now);
                world.Fail(
                    FailureKind.Safety,
                    Name,
                    FormattableString.Invariant(
                        $"{path}: {now.Length} bytes after recovery differ at {at} from what was written"));
            }
            else if (now.Length < before.Flushed)
            {
                world.Fail(
                    FailureKind.Safety,
                    Name,
                    FormattableString.Invariant(
                        $"{path}: {now.Length} bytes after recovery, {before.Flushed} had been flushed"));
            }
        }
    }

    private static bool IsLog(string path) =>
        path.EndsWith(".log", StringComparison.Ordinal) && !path.StartsWith("__", StringComparison.Ordinal);
}
