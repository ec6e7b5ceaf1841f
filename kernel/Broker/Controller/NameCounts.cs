using System;
using System.Collections.Generic;

namespace Deterministic.Broker.Controller;

/// <summary>How often a request names each topic: one named twice is refused and otherwise left alone.</summary>
internal sealed class NameCounts
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Names that occur more than once, in the order in which they first repeated.</summary>
    public List<string> Repeated { get; } = [];

    public void Add(string name)
    {
        var count = CountOf(name) + 1;
        _counts[name] = count;
        if (count == 2)
        {
            Repeated.Add(name);
        }
    }

    public int CountOf(string name) => _counts.TryGetValue(name, out var count) ? count : 0;
}
