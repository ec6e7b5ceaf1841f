using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>
/// What a configuration's value must satisfy beyond its type, and the words in which Kafka refuses it.
/// </summary>
public sealed class ConfigConstraint
{
    private const string ReplicaListForm = "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

    private readonly Kind _kind;
    private readonly string[] _choices;
    private readonly string _low;
    private readonly string _high;

    private ConfigConstraint(Kind kind, string[] choices, string low = "", string high = "")
    {
        _kind = kind;
        _choices = choices;
        _low = low;
        _high = high;
    }

    private enum Kind : byte
    {
        Any,
        Range,
        OneOf,
        OneOfAnyCase,
        ListOf,
        NotEmpty,
        GzipLevel,
        ReplicaList,
        OffsetReset,
    }

    /// <summary>
    /// Reads the words of our own tables: <c>any</c>, <c>0..9</c>, <c>in:a,b</c>, <c>list:a,b</c> and the like.
    /// </summary>
    public static ConfigConstraint Parse(string word)
    {
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        var head = colon < 0 ? word : word[..colon];
        var choices = colon < 0 ? [] : word[(colon + 1)..].Split(',');
        var dots = word.IndexOf("..", StringComparison.Ordinal);
        if (colon < 0 && dots >= 0)
        {
            return new ConfigConstraint(Kind.Range, [], word[..dots], word[(dots + 2)..]);
        }

        return new ConfigConstraint(
            head switch
            {
                "any" => Kind.Any,
                "in" => Kind.OneOf,
                "iin" => Kind.OneOfAnyCase,
                "list" => Kind.ListOf,
                "filled" => Kind.NotEmpty,
                "gzip" => Kind.GzipLevel,
                "replicas" => Kind.ReplicaList,
                "reset" => Kind.OffsetReset,
                _ => throw new InvariantBrokenException("no such constraint: " + word),
            },
            choices);
    }

    /// <summary>Null where a whole number satisfies it, else what is wrong with it.</summary>
    public string? Refuse(long value)
    {
        if (_kind == Kind.GzipLevel)
        {
            return value is -1 or (>= 1 and <= 9) ? null : "Value must be between 1 and 9 or equal to -1";
        }

        if (_kind != Kind.Range)
        {
            return null;
        }

        if (_low.Length > 0 && value < long.Parse(_low, CultureInfo.InvariantCulture))
        {
            return "Value must be at least " + _low;
        }

        return _high.Length > 0 && value > long.Parse(_high, CultureInfo.InvariantCulture)
            ? "Value must be no more than " + _high
            : null;
    }

    /// <summary>The same for a fraction.</summary>
    public string? Refuse(double value)
    {
        if (_kind != Kind.Range)
        {
            return null;
        }

        if (_low.Length > 0 && value < double.Parse(_low, CultureInfo.InvariantCulture))
        {
            return "Value must be at least " + _low;
        }

        return _high.Length > 0 && value > double.Parse(_high, CultureInfo.InvariantCulture)
            ? "Value must be no more than " + _high
            : null;
    }

    /// <summary>The same for a text.</summary>
    public string? Refuse(string value) => _kind switch
    {
        Kind.OneOf => Contains(value, StringComparison.Ordinal) ? null : OneOfMessage(),
        Kind.OneOfAnyCase => Contains(value, StringComparison.OrdinalIgnoreCase)
            ? null
            : "String must be one of (case insensitive): " + string.Join(", ", _choices),
        Kind.NotEmpty => value.Length > 0 ? null : "String must be non-empty",
        Kind.OffsetReset => IsOffsetReset(value) ? null : "Invalid share.auto.offset.reset value",
        Kind.Any or Kind.Range or Kind.ListOf or Kind.GzipLevel or Kind.ReplicaList => null,
    };

    /// <summary>
    /// The same for the elements of a list; <paramref name="shown"/> is what the message shows as the value.
    /// </summary>
    public string? RefuseList(string name, string[] elements, out string shown)
    {
        shown = "[" + string.Join(", ", elements) + "]";
        if (_kind == Kind.ListOf)
        {
            foreach (var element in elements)
            {
                if (!ContainsElement(element))
                {
                    shown = element;
                    return OneOfMessage();
                }
            }
        }

        if (_kind == Kind.ReplicaList && !IsReplicaList(elements))
        {
            return name + " must be the literal '*' or a list of replicas in the following format: " + ReplicaListForm;
        }

        return null;
    }

    private static bool IsOffsetReset(string value) =>
        value is "earliest" or "latest" || value.StartsWith("by_duration:", StringComparison.Ordinal);

    private static bool IsReplicaList(string[] elements)
    {
        if (elements.Length == 1 && elements[0] == "*")
        {
            return true;
        }

        foreach (var element in elements)
        {
            var colon = element.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsDigits(element.AsSpan(0, colon)) || !IsDigits(element.AsSpan(colon + 1)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDigits(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
        }

        return text.Length > 0;
    }

    private bool Contains(string value, StringComparison comparison)
    {
        foreach (var choice in _choices)
        {
            if (string.Equals(choice, value, comparison))
            {
                return true;
            }
        }

        return false;
    }

    private bool ContainsElement(string value) => Contains(value, StringComparison.Ordinal);

    private string OneOfMessage() => "String must be one of: " + string.Join(", ", _choices);
}
