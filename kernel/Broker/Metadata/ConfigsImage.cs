using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata.Configs;

namespace Deterministic.Broker.Metadata;

/// <summary>
/// What somebody has set, per resource. A broker resource with an empty name is the default of all brokers. Values
/// are the texts that were given.
/// </summary>
public sealed class ConfigsImage
{
    private readonly SortedDictionary<string, string> _nothing = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, SortedDictionary<string, SortedDictionary<string, string>>> _byType = [];

    /// <summary>What is set on a resource, sorted by key. Only replay changes it.</summary>
    public SortedDictionary<string, string> Of(ConfigResourceType type, string name) =>
        _byType.TryGetValue((int)type, out var byName) && byName.TryGetValue(name, out var values) ? values : _nothing;

    /// <summary>The names of resources of one type on which something is set, sorted.</summary>
    public IReadOnlyCollection<string> NamesOf(ConfigResourceType type) =>
        _byType.TryGetValue((int)type, out var byName) ? byName.Keys : _nothing.Keys;

    /// <summary>The types of resources on which something was ever set, sorted by their numbers.</summary>
    public IReadOnlyCollection<int> Types => _byType.Keys;

    public string? Find(ConfigResourceType type, string name, string key) =>
        Of(type, name).TryGetValue(key, out var value) ? value : null;

    internal void Set(ConfigResourceType type, string name, string key, string? value)
    {
        if (!_byType.TryGetValue((int)type, out var byName))
        {
            byName = new SortedDictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
            _byType.Add((int)type, byName);
        }

        if (!byName.TryGetValue(name, out var values))
        {
            values = new SortedDictionary<string, string>(StringComparer.Ordinal);
            byName.Add(name, values);
        }

        if (value is null)
        {
            values.Remove(key);
        }
        else
        {
            values[key] = value;
        }

        if (values.Count == 0)
        {
            byName.Remove(name);
        }
    }

    internal void Remove(ConfigResourceType type, string name)
    {
        if (_byType.TryGetValue((int)type, out var byName))
        {
            byName.Remove(name);
        }
    }
}
