using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>What was asked of a directory.</summary>
public enum NameChange : byte
{
    Create,
    Rename,
    Delete,
}

/// <summary>
/// Which path means which file, twice over: as every reader sees it now, and as the platter has it. Between the two
/// stand
/// the changes that no flush has covered yet; when the power fails, some of them never happened.
/// </summary>
/// <remarks>
/// The rule a reader would get wrong: changes of unrelated paths survive independently, but a change that survives
/// takes
/// with it every earlier one of the same paths. A rename cannot survive without the creation of what it renamed.
/// </remarks>
public sealed class NameTable
{
    private readonly List<Change> _pending = [];
    private readonly List<int> _needed = [];
    private readonly Dictionary<string, int> _tops = new(StringComparer.Ordinal);
    private readonly NamedFiles _platter = new();
    private NamedFiles _now = new();
    private long _nextChange = 1;

    /// <summary>Every file by path, in ordinal order.</summary>
    public IReadOnlyCollection<KeyValuePair<string, SimulatedFile>> Now => _now.All;

    public SimulatedFile? Find(string path) => _now.Find(path);

    /// <summary>What a power loss would leave under the name, whatever else it left.</summary>
    public SimulatedFile? FindDurable(string path) => _platter.Find(path);

    /// <summary>Creates a file; returns the number under which its directory entry becomes durable.</summary>
    public long Create(string path, SimulatedFile file) => Do(new Change(0, NameChange.Create, path, path, file));

    public long Rename(string from, string to) => Do(new Change(0, NameChange.Rename, from, to, null));

    public long Delete(string path) => Do(new Change(0, NameChange.Delete, path, path, null));

    /// <summary>The change, and whatever earlier ones it stands on, has reached the platter.</summary>
    public void MakeDurable(long number)
    {
        var last = IndexOf(number);
        if (last < 0)
        {
            return;
        }

        _needed.Clear();
        _needed.Add(last);
        for (var i = last - 1; i >= 0; i--)
        {
            foreach (var later in _needed)
            {
                if (Overlap(_pending[later], _pending[i]))
                {
                    _needed.Add(i);
                    break;
                }
            }
        }

        for (var i = _needed.Count - 1; i >= 0; i--)
        {
            Apply(_platter, _pending[_needed[i]]);
        }

        var next = _needed.Count - 1;
        var kept = _needed[next];
        for (var i = kept; i < _pending.Count; i++)
        {
            if (next >= 0 && _needed[next] == i)
            {
                next--;
            }
            else
            {
                _pending[kept++] = _pending[i];
            }
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
    }

    /// <summary>
    /// The power fails: the platter's names, with what survives of the pending changes, are all there is.
    /// </summary>
    public void LosePower(Prng prng, PowerLossStyle style, DiskFaults faults)
    {
        var survives = new bool[_pending.Count];
        var inOrder = prng.OneIn(2) ? prng.Next(_pending.Count + 1) : -1;
        for (var i = 0; i < _pending.Count; i++)
        {
            survives[i] = style switch
            {
                PowerLossStyle.KeepAll => true,
                PowerLossStyle.LoseAll => false,
                PowerLossStyle.Mixed => inOrder >= 0 ? i < inOrder : prng.OneIn(2),
            };
            for (var j = 0; survives[i] && j < i; j++)
            {
                survives[i] = survives[j] || !Overlap(_pending[i], _pending[j]);
            }

            if (survives[i])
            {
                Apply(_platter, _pending[i]);
            }
            else
            {
                faults.LostNames++;
            }
        }

        _pending.Clear();
        _now = new NamedFiles(_platter);
    }

    /// <summary>True where one path is the other, or a directory it is in.</summary>
    public static bool Overlap(string a, string b) => a.Length <= b.Length ? IsWithin(b, a) : IsWithin(a, b);

    /// <summary>True where the path is the directory or inside it.</summary>
    public static bool IsWithin(string path, string directory) =>
        path.StartsWith(directory, StringComparison.Ordinal)
        && (path.Length == directory.Length || path[directory.Length] == '/');

    /// <summary>Almost all pairs have nothing to do with each other, and their first directories say so.</summary>
    private static bool Overlap(in Change a, in Change b) =>
        (a.TopOfFrom == b.TopOfFrom || a.TopOfFrom == b.TopOfTo || a.TopOfTo == b.TopOfFrom || a.TopOfTo == b.TopOfTo)
        && OverlapInside(a, b);

    private static bool OverlapInside(in Change a, in Change b) =>
        Overlap(a.From, b.From) || Overlap(a.From, b.To) || Overlap(a.To, b.From) || Overlap(a.To, b.To);

    private static void Apply(NamedFiles names, in Change change)
    {
        if (change.Kind == NameChange.Create)
        {
            names.Set(change.From, change.File!);
            return;
        }

        if (names.Remove(change.From, out var single))
        {
            // A file: nothing can be inside it.
            if (change.Kind == NameChange.Rename)
            {
                names.Set(change.To, single!);
            }

            return;
        }

        if (!names.HasInside(change.From))
        {
            return;
        }

        var moved = new List<KeyValuePair<string, SimulatedFile>>();
        var gone = new List<string>();
        foreach (var name in names.All)
        {
            if (IsWithin(name.Key, change.From))
            {
                moved.Add(name);
            }
            else if (change.Kind == NameChange.Rename && IsWithin(name.Key, change.To))
            {
                gone.Add(name.Key);
            }
        }

        foreach (var path in gone)
        {
            names.Remove(path, out _);
        }

        foreach (var (path, file) in moved)
        {
            names.Remove(path, out _);
            if (change.Kind == NameChange.Rename)
            {
                names.Set(string.Concat(change.To, path.AsSpan(change.From.Length)), file);
            }
        }
    }

    private long Do(Change change)
    {
        var numbered = change with
        {
            Number = _nextChange++,
            TopOfFrom = TopOf(change.From),
            TopOfTo = TopOf(change.To),
        };
        Apply(_now, numbered);
        _pending.Add(numbered);
        return numbered.Number;
    }

    /// <summary>Changes stand in the order of their numbers.</summary>
    private int IndexOf(long number)
    {
        var (low, high) = (0, _pending.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_pending[middle].Number == number)
            {
                return middle;
            }

            (low, high) = _pending[middle].Number < number ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    /// <summary>A number for the first name of a path.</summary>
    private int TopOf(string path)
    {
        var slash = path.IndexOf('/');
        var top = slash < 0 ? path : path[..slash];
        if (!_tops.TryGetValue(top, out var number))
        {
            number = _tops.Count;
            _tops.Add(top, number);
        }

        return number;
    }

    private readonly record struct Change(long Number, NameChange Kind, string From, string To, SimulatedFile? File)
    {
        public int TopOfFrom { get; init; }

        public int TopOfTo { get; init; }
    }
}
