using System;
using System.Globalization;

namespace Deterministic.Broker.Metadata.Configs;

/// <summary>
/// Values of configurations as text: every value is kept and answered as the text it was given as, and read here
/// where it is used. Reading and refusing follow Java's parsers, because the texts are shared with Kafka.
/// </summary>
public static class ConfigValue
{
    /// <summary>Null where the text is a valid value, else the sentence with which Kafka refuses it.</summary>
    public static string? Refuse(ConfigDefinition definition, string text)
    {
        var trimmed = text.Trim();
        switch (definition.Type)
        {
            case ConfigType.Boolean:
                return TryBoolean(trimmed, out _)
                    ? null
                    : Message(definition, text, "Expected value to be either true or false");
            case ConfigType.Int:
                return RefuseWhole(definition, trimmed, int.MinValue, int.MaxValue, "INT");
            case ConfigType.Short:
                return RefuseWhole(definition, trimmed, short.MinValue, short.MaxValue, "SHORT");
            case ConfigType.Long:
                return RefuseWhole(definition, trimmed, long.MinValue, long.MaxValue, "LONG");
            case ConfigType.Double:
                return RefuseDouble(definition, trimmed);
            case ConfigType.List:
                var why = definition.Constraint.RefuseList(definition.Name, List(trimmed), out var shown);
                return why is null ? null : Message(definition, shown, why);
            case ConfigType.String or ConfigType.Class or ConfigType.Password or ConfigType.Unknown:
            default:
                var refusal = definition.Constraint.Refuse(trimmed);
                return refusal is null ? null : Message(definition, trimmed, refusal);
        }
    }

    /// <summary>The elements of a comma-separated list; none for an empty text.</summary>
    public static string[] List(string text)
    {
        var trimmed = text.Trim();
        return trimmed.Length == 0 ? [] : trimmed.Split(',', StringSplitOptions.TrimEntries);
    }

    public static bool TryBoolean(string text, out bool value)
    {
        var trimmed = text.Trim();
        value = string.Equals(trimmed, "true", StringComparison.OrdinalIgnoreCase);
        return value || string.Equals(trimmed, "false", StringComparison.OrdinalIgnoreCase);
    }

    public static bool TryLong(string text, out long value) => long.TryParse(
        text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary>Java's Double.parseDouble also takes a trailing f or d.</summary>
    public static bool TryDouble(string text, out double value)
    {
        var trimmed = text.Trim();
        if (trimmed.Length > 1 && trimmed[^1] is 'f' or 'F' or 'd' or 'D')
        {
            trimmed = trimmed[..^1];
        }

        return double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static string? RefuseWhole(ConfigDefinition definition, string text, long low, long high, string type)
    {
        if (!TryLong(text, out var value) || value < low || value > high)
        {
            return Message(definition, text, "Not a number of type " + type);
        }

        var why = definition.Constraint.Refuse(value);
        return why is null ? null : Message(definition, value.ToString(CultureInfo.InvariantCulture), why);
    }

    private static string? RefuseDouble(ConfigDefinition definition, string text)
    {
        if (!TryDouble(text, out var value))
        {
            return Message(definition, text, "Not a number of type DOUBLE");
        }

        var why = definition.Constraint.Refuse(value);
        if (why is null)
        {
            return null;
        }

        var shown = value.ToString("R", CultureInfo.InvariantCulture);
        var isWhole = shown.AsSpan().IndexOfAny('.', 'E') < 0;
        return Message(definition, isWhole ? shown + ".0" : shown, why);
    }

    private static string Message(ConfigDefinition definition, string value, string why) =>
        "Invalid value " + value + " for configuration " + definition.Name + ": " + why;
}
