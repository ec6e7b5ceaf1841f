using System;
using System.Collections.Generic;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>Named numbers of a run, summed up over a swarm: what was done, and which faults really happened.</summary>
public sealed class Counters
{
    private readonly SortedDictionary<string, long> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Values => _values;

    public long this[string name]
    {
        get => _values.GetValueOrDefault(name);
        set => _values[name] = value;
    }

    public void Add(string name, long value) => this[name] += value;

    public void Add(Counters other)
    {
        foreach (var (name, value) in other._values)
        {
            Add(name, value);
        }
    }
}
