using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Protocol.Generator;

/// <summary>How a message looks in C#: types, conditions and defaults. All emitters share it.</summary>
internal sealed class Shape
{
    public Shape(Message message) => Message = message;

    public Message Message { get; }

    /// <summary>"true" or "false" where every version of the message agrees, else the local of that name.</summary>
    public string Flexible
    {
        get
        {
            if (Message.Flexible.IsNone)
            {
                return "false";
            }

            return Message.Flexible.First <= Message.Versions.First ? "true" : "flexible";
        }
    }

    public void DeclareFlexible(CodeText code)
    {
        if (Flexible == "flexible")
        {
            code.Line($"var flexible = version >= {Message.Flexible.First};");
        }
    }

    /// <summary>The condition under which a version is in the range; null where all of the message's are.</summary>
    public string? Condition(VersionRange range)
    {
        var fromStart = range.First <= Message.Versions.First;
        var toEnd = range.Last >= Message.Versions.Last;
        if (fromStart && toEnd)
        {
            return null;
        }

        if (range.First == range.Last)
        {
            return $"version == {range.First}";
        }

        return toEnd ? $"version >= {range.First}"
            : fromStart ? $"version <= {range.Last}"
            : $"version is >= {range.First} and <= {range.Last}";
    }

    /// <summary>Whether null may be written, as an expression of a version in which the field exists.</summary>
    public string NullAllowed(Field field) =>
        field.Nullable.IsNone ? "false" : Condition(field.Nullable) is not { } condition
            || field.Nullable.Equals(field.Versions) ? "true" : condition;

    /// <summary>
    /// Nested classes keep Kafka's names. C# forbids a class to have a property of its own name, or a nested class of
    /// a property's name: such a class has "Struct" after its name.
    /// </summary>
    public string ClassName(string structName)
    {
        var isTaken = HasField(Message.Body, structName) || HasField(Message.FindStruct(structName)!, structName);
        return isTaken ? structName + "Struct" : structName;
    }

    /// <summary>The class for calls of its static methods: a property may have the short name.</summary>
    public string QualifiedName(Field field) => $"{Message.Name}.{ClassName(field.StructName!)}";

    public string ElementType(Field field) => field.Type switch
    {
        BaseType.Bool => "bool",
        BaseType.Int8 => "sbyte",
        BaseType.Int16 => "short",
        BaseType.UInt16 => "ushort",
        BaseType.Int32 => "int",
        BaseType.UInt32 => "uint",
        BaseType.Int64 => "long",
        BaseType.Float64 => "double",
        BaseType.Uuid => "Uuid",
        BaseType.String => "string",
        BaseType.Bytes => "ReadOnlyMemory<byte>",
        BaseType.Records => "global::Deterministic.Protocol.Records",
        BaseType.Struct => ClassName(field.StructName!),
        _ => throw new InvalidOperationException(),
    };

    public string Type(Field field)
    {
        var type = field.IsArray ? $"List<{ElementType(field)}>" : ElementType(field);
        return field.IsNullable ? type + "?" : type;
    }

    /// <summary>
    /// Lists and tagged structs that may not be null are made when first looked at: most fetched partitions have
    /// no tagged struct, and a message being read would throw its first empty list away.
    /// </summary>
    public static bool IsLazy(Field field) =>
        !field.IsNullable && (field.IsArray || (field.Type == BaseType.Struct && field.IsTagged));

    /// <summary>Where the codec finds the value: the backing field of a lazy property, which may be null.</summary>
    public static string Stored(Field field) =>
        IsLazy(field) ? "_" + char.ToLowerInvariant(field.Name[0]) + field.Name.Substring(1) : field.Name;

    /// <summary>The initial value as C#, or null where the type's own is right.</summary>
    public string? Initial(Field field)
    {
        if (field.IsNullByDefault || IsLazy(field))
        {
            return null;
        }

        if (field.IsArray)
        {
            return "[]";
        }

        switch (field.Type)
        {
            case BaseType.String:
                return "\"\"";
            case BaseType.Bytes:
                return field.IsNullable ? "ReadOnlyMemory<byte>.Empty" : null;
            case BaseType.Struct:
                return "new()";
            case BaseType.Uuid:
            case BaseType.Records:
                return null;
            default:
                var literal = Literal(field);
                return literal == "0" || literal == "false" ? null : literal;
        }
    }

    /// <summary>The default of a number or a bool as C#.</summary>
    public static string Literal(Field field)
    {
        var text = field.Default;
        if (field.Type == BaseType.Bool)
        {
            return text == "true" ? "true" : "false";
        }

        if (text == null)
        {
            return "0";
        }

        var value = text.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(text.Substring(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(text, CultureInfo.InvariantCulture);
        return value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>An expression that is true where the field differs from its default, and is then worth a tag.</summary>
    public string IsNotDefault(Field field)
    {
        var stored = Stored(field);
        if (field.IsNullByDefault)
        {
            return $"{stored} is not null";
        }

        if (field.IsArray)
        {
            return field.IsNullable ? $"{stored} is not {{ Count: 0 }}" : $"{stored} is {{ Count: > 0 }}";
        }

        switch (field.Type)
        {
            case BaseType.String:
                return $"{stored} != \"\"";
            case BaseType.Bytes:
                return field.IsNullable ? $"{stored} is not {{ Length: 0 }}" : $"{stored}.Length != 0";
            case BaseType.Uuid:
                return $"!{stored}.IsZero";
            case BaseType.Records:
                return field.IsNullable ? $"{stored} is not null" : $"{stored}.Length != 0";
            case BaseType.Struct:
                return field.IsNullable
                    ? $"{stored} is null || !{stored}.IsDefault()"
                    : $"{stored} is not null && !{stored}.IsDefault()";
            case BaseType.Bool:
                return Literal(field) == "true" ? "!" + stored : stored;
            default:
                return $"{stored} != {Literal(field)}";
        }
    }

    private static bool HasField(Struct body, string name)
    {
        foreach (var field in body.Fields)
        {
            if (field.Name == name)
            {
                return true;
            }
        }

        return false;
    }

    public static int FixedSize(BaseType type) => type switch
    {
        BaseType.Bool => 1,
        BaseType.Int8 => 1,
        BaseType.Int16 => 2,
        BaseType.UInt16 => 2,
        BaseType.Int32 => 4,
        BaseType.UInt32 => 4,
        BaseType.Int64 => 8,
        BaseType.Float64 => 8,
        BaseType.Uuid => 16,
        _ => 0,
    };

    /// <summary>The fewest bytes that a struct takes in any version: what bounds the count a frame can hold.</summary>
    public int SmallestSize(Struct body)
    {
        var smallest = int.MaxValue;
        for (var version = Message.Versions.First; version <= Message.Versions.Last; version++)
        {
            smallest = Math.Min(smallest, SmallestSize(body, version));
        }

        return Math.Max(1, smallest);
    }

    private int SmallestSize(Struct body, int version)
    {
        var isFlexible = Message.Flexible.Contains(version);
        var size = isFlexible ? 1 : 0;
        foreach (var field in body.Fields)
        {
            if (!field.IsTagged && field.Versions.Contains(version))
            {
                size += SmallestSize(field, version, isFlexible);
            }
        }

        return size;
    }

    private int SmallestSize(Field field, int version, bool isFlexible)
    {
        if (field.IsArray || field.Type == BaseType.Bytes || field.Type == BaseType.Records)
        {
            return isFlexible ? 1 : 4;
        }

        if (field.Type == BaseType.String)
        {
            return isFlexible ? 1 : 2;
        }

        return field.Type != BaseType.Struct ? FixedSize(field.Type)
            : field.IsNullable ? 1
            : SmallestSize(Message.FindStruct(field.StructName!)!, version);
    }

    /// <summary>Untagged fields in wire order, in runs of those that exist in the same versions.</summary>
    public static IEnumerable<List<Field>> Runs(Struct body)
    {
        var run = new List<Field>();
        foreach (var field in body.Fields)
        {
            if (field.IsTagged)
            {
                continue;
            }

            if (run.Count > 0 && !run[0].Versions.Equals(field.Versions))
            {
                yield return run;
                run = new List<Field>();
            }

            run.Add(field);
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    /// <summary>Tagged fields by ascending tag, as the wire wants them.</summary>
    public static List<Field> Tagged(Struct body)
    {
        var tagged = new List<Field>();
        foreach (var field in body.Fields)
        {
            if (field.IsTagged)
            {
                tagged.Add(field);
            }
        }

        tagged.Sort((left, right) => left.Tag.CompareTo(right.Tag));
        return tagged;
    }
}
