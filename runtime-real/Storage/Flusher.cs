using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>Make this file durable; everything below the position was written before the request was made.</summary>
internal readonly record struct FlushRequest(FileId File, SharedHandle Lease, long Position);

/// <summary>Answer this ticket once these directories' entries are durable.</summary>
internal readonly record struct NamesRequest(long Ticket, string[] Directories);

/// <summary>
/// The one thread of a node that waits for its disk. It takes everything that came while it flushed as one group: that
/// is
/// group commit, and it needs no timer. A few files are flushed one by one, many by one call for the file system.
/// </summary>
/// <remarks>
/// After a failed flush nothing on the disk is believed and nothing is flushed again: the cache may say "clean" of
/// pages
/// that never arrived. The node is told once, with the reason, and every later request stays unanswered.
/// </remarks>
internal sealed class Flusher : IDisposable
{
    /// <summary>
    /// From this many files and directories in one group on, one syncfs is cheaper than a flush for each. Measured:
    /// docs/decisions/flush.md.
    /// </summary>
    public const int ManyFiles = 4;

    private readonly IDiskCalls _calls;
    private readonly CompletionRing _completions;
    private readonly string _root;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private Group _filling = new();
    private Group _working = new();
    private bool _isStopping;
    private bool _hasFailed;

    public Flusher(IDiskCalls calls, CompletionRing completions, string root, string name)
    {
        _calls = calls;
        _completions = completions;
        _root = root;
        _thread = new Thread(Run) { Name = name + "-flush", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// The node's thread. Directories whose entries changed go with the files that were created in them.
    /// </summary>
    public void Post(List<FlushRequest> files, List<NamesRequest> names, HashSet<string> dirtyDirectories)
    {
        if (files.Count == 0 && names.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _filling.Files.AddRange(files);
            _filling.Names.AddRange(names);
            _filling.Directories.UnionWith(dirtyDirectories);
            Monitor.Pulse(_gate);
        }

        files.Clear();
        names.Clear();
        dirtyDirectories.Clear();
    }

    /// <summary>Finishes what was posted and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (TakeGroup())
        {
            var file = FileId.None;
            try
            {
                if (!_hasFailed)
                {
                    FlushGroup(_working, ref file);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _hasFailed = true;
                _completions.Add(new Completion(CompletionKind.DiskFailed) { File = file, Reason = e.Message });
            }

            Answer();
        }
    }

    private bool TakeGroup()
    {
        lock (_gate)
        {
            while (_filling.IsEmpty)
            {
                if (_isStopping)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            (_working, _filling) = (_filling, _working);
            return true;
        }
    }

    private void FlushGroup(Group group, ref FileId file)
    {
        foreach (var names in group.Names)
        {
            group.Directories.UnionWith(names.Directories);
        }

        if (group.Files.Count + group.Directories.Count >= ManyFiles && _calls.FlushFileSystem(_root))
        {
            return;
        }

        foreach (var request in group.Files)
        {
            file = request.File;
            _calls.FlushFile(request.Lease.Handle);
        }

        file = FileId.None;
        foreach (var directory in group.Directories)
        {
            // A directory that is gone by now has no entries to keep; its own going is in its parent.
            if (Directory.Exists(directory))
            {
                _calls.FlushDirectory(directory);
            }
        }
    }

    /// <summary>Leases always go back; answers only where everything is durable.</summary>
    private void Answer()
    {
        foreach (var request in _working.Files)
        {
            _completions.Add(new Completion(CompletionKind.Flushed)
            {
                File = _hasFailed ? FileId.None : request.File,
                Position = request.Position,
                Lease = request.Lease,
            });
        }

        if (!_hasFailed)
        {
            foreach (var names in _working.Names)
            {
                _completions.Add(new Completion(CompletionKind.NamesChanged) { Ticket = names.Ticket });
            }
        }

        _working.Clear();
    }

    private sealed class Group
    {
        public List<FlushRequest> Files { get; } = [];

        public List<NamesRequest> Names { get; } = [];

        public HashSet<string> Directories { get; } = new(StringComparer.Ordinal);

        public bool IsEmpty => Files.Count == 0 && Names.Count == 0;

        public void Clear()
        {
            Files.Clear();
            Names.Clear();
            Directories.Clear();
        }
    }
}
