using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>
/// Files by path, in ordinal order. Knows which directories have files in them, so that a change of a path that is neither a
/// file nor a directory, which is what most deletions of leftovers are, need not look through all files.
/// </summary>
internal sealed class NamedFiles
{
    private readonly SortedDictionary<string, SimulatedFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _inside = new(StringComparer.Ordinal);

    public NamedFiles()
    {
    }

    public NamedFiles(NamedFiles other)
    {
        _files = new SortedDictionary<string, SimulatedFile>(other._files, StringComparer.Ordinal);
        _inside = new Dictionary<string, int>(other._inside, StringComparer.Ordinal);
    }

    public IReadOnlyCollection<KeyValuePair<string, SimulatedFile>> All => _files;

    public SimulatedFile? Find(string path) => _files.GetValueOrDefault(path);

    public bool HasInside(string directory) => _inside.ContainsKey(directory);

    public void Set(string path, SimulatedFile file)
    {
        if (_files.TryAdd(path, file))
        {
            Count(path, 1);
        }
        else
        {
            _files[path] = file;
        }
    }

    public bool Remove(string path, out SimulatedFile? file)
    {
        if (!_files.Remove(path, out file))
        {
            return false;
        }

        Count(path, -1);
        return true;
    }

    private void Count(string path, int by)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            var directory = path[..slash];
            var count = _inside.GetValueOrDefault(directory) + by;
            if (count == 0)
            {
                _inside.Remove(directory);
            }
            else
            {
                _inside[directory] = count;
            }
        }
    }
}
