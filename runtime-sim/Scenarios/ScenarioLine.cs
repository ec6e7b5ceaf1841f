using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Scenarios;

/// <summary>
/// One line of a scenario: a verb, words, and options as key=value. Whoever reads it takes what it knows; what nobody
/// took is an
/// error, so that a misspelt option is never silently a default.
/// </summary>
public sealed class ScenarioLine
{
    private readonly string _file;
    private readonly int _number;
    private readonly List<string> _words = [];
    private readonly SortedDictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _taken = new(StringComparer.Ordinal);
    private int _nextWord;

    private ScenarioLine(string file, int number, string verb)
    {
        _file = file;
        _number = number;
        Verb = verb;
    }

    public string Verb { get; }

    /// <summary>The line's text; null where it is blank or a comment.</summary>
    public static ScenarioLine? Parse(string file, int number, string text)
    {
        var comment = text.IndexOf('#', StringComparison.Ordinal);
        var parts = (comment < 0 ? text : text[..comment])
            .Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
        {
            return null;
        }

        var line = new ScenarioLine(file, number, parts[0]);
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                line._words.Add(part);
            }
            else if (!line._options.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                throw line.Error($"option '{part[..equals]}' is given twice");
            }
        }

        return line;
    }

    public ScenarioException Error(string message) => new(_file, _number, message);

    /// <summary>Reads from the beginning again: each seed reads the line anew.</summary>
    public void Begin()
    {
        _nextWord = 0;
        _taken.Clear();
    }

    /// <summary>The next bare word.</summary>
    public string Word(string what)
    {
        if (_nextWord == _words.Count)
        {
            throw Error($"'{Verb}' needs {what}");
        }

        return _words[_nextWord++];
    }

    public bool HasWord => _nextWord < _words.Count;

    public string? TextOrNull(string key)
    {
        _taken.Add(key);
        return _options.GetValueOrDefault(key);
    }

    public string Text(string key, string otherwise) => TextOrNull(key) ?? otherwise;

    public bool Has(string key) => _options.ContainsKey(key);

    public ValueRange Range(string key, ValueRange otherwise)
    {
        var text = TextOrNull(key);
        if (text is null)
        {
            return otherwise;
        }

        return ValueRange.TryParse(text, out var range)
            ? range
            : throw Error($"'{key}={text}' is no number, time, size, share or range of them");
    }

    public ValueRange Range(string key, long low, long high) => Range(key, new ValueRange(low, high));

    public int Number(string key, Prng prng, long low, long high) =>
        checked((int)Range(key, new ValueRange(low, high)).Draw(prng));

    /// <summary>
    /// Takes every option whose key begins with the prefix, prefix removed: for configurations that pass through.
    /// </summary>
    public SortedDictionary<string, string> All(string prefix)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in _options)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal) && !_taken.Contains(key))
            {
                _taken.Add(key);
                found.Add(key[prefix.Length..], value);
            }
        }

        return found;
    }

    /// <summary>Call last: whatever was written and not taken is an error.</summary>
    public void End()
    {
        if (HasWord)
        {
            throw Error($"'{Verb}' does not know '{_words[_nextWord]}'");
        }

        foreach (var key in _options.Keys)
        {
            if (!_taken.Contains(key))
            {
                throw Error(string.Create(CultureInfo.InvariantCulture, $"'{Verb}' has no option '{key}'"));
            }
        }
    }
}
