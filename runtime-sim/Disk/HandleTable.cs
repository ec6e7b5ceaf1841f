using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>What a file number means: a path, and the file found there last.</summary>
internal sealed class Handle(int number, string path)
{
    public int Number => number;

    public string Path { get; set; } = path;

    public SimulatedFile? File { get; set; }
}

/// <summary>
/// The numbers by which one process knows its files. Each stands under its path and under every directory above it, so that a
/// rename finds those that it concerns without looking at the thousands that it does not.
/// </summary>
internal sealed class HandleTable
{
    private readonly Dictionary<int, Handle> _byNumber = [];
    private readonly Dictionary<string, List<Handle>> _byPath = new(StringComparer.Ordinal);

    public Handle this[int number] => _byNumber[number];

    public void Add(int number, string path)
    {
        var handle = new Handle(number, path);
        _byNumber.Add(number, handle);
        Enter(handle);
    }

    public void Remove(int number)
    {
        if (_byNumber.Remove(number, out var handle))
        {
            Leave(handle);
        }
    }

    public void Clear()
    {
        _byNumber.Clear();
        _byPath.Clear();
    }

    /// <summary>
    /// A path was renamed, or deleted where <paramref name="to"/> is null. Numbers that meant it mean the new path; those that
    /// meant what is gone find what is there when they are used next. Numbers above the latest stay what they are.
    /// </summary>
    public void Follow(string from, string? to, int latest)
    {
        foreach (var handle in to is null ? [] : At(to, latest))
        {
            handle.File = null;
        }

        foreach (var handle in At(from, latest))
        {
            handle.File = null;
            if (to is not null)
            {
                Leave(handle);
                handle.Path = string.Concat(to, handle.Path.AsSpan(from.Length));
                Enter(handle);
            }
        }
    }

    /// <summary>A copy, since following changes the lists.</summary>
    private List<Handle> At(string path, int latest) =>
        _byPath.TryGetValue(path, out var handles) ? handles.FindAll(handle => handle.Number <= latest) : [];

    private void Enter(Handle handle)
    {
        for (var key = handle.Path; key.Length > 0; key = Above(key))
        {
            if (!_byPath.TryGetValue(key, out var handles))
            {
                handles = [];
                _byPath.Add(key, handles);
            }

            handles.Add(handle);
        }
    }

    private void Leave(Handle handle)
    {
        for (var key = handle.Path; key.Length > 0; key = Above(key))
        {
            var handles = _byPath[key];
            handles.Remove(handle);
            if (handles.Count == 0)
            {
                _byPath.Remove(key);
            }
        }
    }

    /// <summary>The directory that a path is in; nothing above the first.</summary>
    private static string Above(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];
}
