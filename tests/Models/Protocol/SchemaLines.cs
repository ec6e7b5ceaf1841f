using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Deterministic.Protocol.Generator;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>A message's definition as plain lines, one for each field with its whole path.</summary>
internal static class SchemaLines
{
    public static string Of(Message message)
    {
        var listeners = new[] { message.IsOnBroker ? "broker" : "", message.IsOnController ? "controller" : "" };
        var lines = new List<string>
        {
            Head(
                message.Kind, message.Number, message.Versions, message.Flexible, message.IsLastUnstable,
                string.Join(' ', listeners.Where(word => word.Length > 0))),
        };
        Fields(message, message.Body, "", message.Versions, lines);
        return string.Join('\n', lines);
    }

    public static string Head(
        MessageKind kind, int number, VersionRange versions, VersionRange flexible, bool unstable, string listeners) =>
        $"{kind} {number} {versions} flexible {flexible}{(unstable ? " unstable" : "")} on {listeners}";

    public static string Line(
        string path, string type, VersionRange versions, VersionRange nullable, int tag, string defaultValue) =>
        FormattableString.Invariant($"{path} {type} {versions} null {nullable} tag {tag} = {defaultValue}");

    /// <summary>Zero, false and empty are what a field has anyway; numbers may be hexadecimal.</summary>
    public static string PlainDefault(string? text)
    {
        if (text is null or "" or "0" or "false" or "False")
        {
            return "";
        }

        return text.StartsWith("0x", StringComparison.Ordinal)
            ? Convert.ToInt64(text, 16).ToString(CultureInfo.InvariantCulture)
            : text;
    }

    private static void Fields(Message message, Struct body, string path, VersionRange around, List<string> lines)
    {
        foreach (var field in body.Fields)
        {
            var versions = field.Versions.Within(around);
            if (versions.IsNone)
            {
                continue;
            }

            var here = path + field.Name;
            var type = (field.IsArray ? "[]" : "") + TypeName(field);
            var nullable = field.Nullable.Within(versions);
            lines.Add(Line(here, type, versions, nullable, field.Tag, PlainDefault(field.Default)));
            if (field.StructName is { } inner)
            {
                Fields(message, message.FindStruct(inner)!, here + ".", versions, lines);
            }
        }
    }

    private static string TypeName(Field field) => field.StructName ?? field.Type switch
    {
        BaseType.UInt16 => "uint16",
        BaseType.UInt32 => "uint32",
        BaseType.Float64 => "float64",
        _ => field.Type.ToString().ToLowerInvariant(),
    };
}
