using System;
using System.Collections.Generic;

namespace Deterministic.Protocol.Generator;

/// <summary>An inclusive range of versions; nothing where <c>Last</c> is below <c>First</c>.</summary>
public readonly struct VersionRange : IEquatable<VersionRange>
{
    public VersionRange(int first, int last)
    {
        First = first;
        Last = last;
    }

    public static VersionRange None => new VersionRange(0, -1);

    public int First { get; }

    public int Last { get; }

    public bool IsNone => Last < First;

    public bool Contains(int version) => version >= First && version <= Last;

    /// <summary>The part that both ranges have.</summary>
    public VersionRange Within(VersionRange other)
    {
        var first = Math.Max(First, other.First);
        var last = Math.Min(Last, other.Last);
        return last < first ? None : new VersionRange(first, last);
    }

    public bool Equals(VersionRange other) => (IsNone && other.IsNone) || (First == other.First && Last == other.Last);

    public static bool operator ==(VersionRange left, VersionRange right) => left.Equals(right);

    public static bool operator !=(VersionRange left, VersionRange right) => !left.Equals(right);

    public override bool Equals(object? obj) => obj is VersionRange other && Equals(other);

    public override int GetHashCode() => IsNone ? -1 : (First * 1000) + Last;

    public override string ToString() => IsNone ? "none" : First == Last ? $"{First}" : $"{First}-{Last}";
}

public enum MessageKind
{
    Request,
    Response,

    /// <summary>A record of the metadata log.</summary>
    Metadata,

    /// <summary>The key of a coordinator's record.</summary>
    Key,

    /// <summary>The value of a coordinator's record.</summary>
    Value,

    /// <summary>Anything else that is stored or embedded: control records, the consumer protocol.</summary>
    Data,
}

public enum BaseType
{
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct,
}

/// <summary>One field: one line of a schema. Versions are already clipped to those its message has.</summary>
public sealed class Field
{
    public Field(string name, BaseType type, string? structName, bool isArray, int line)
    {
        Name = name;
        Type = type;
        StructName = structName;
        IsArray = isArray;
        Line = line;
    }

    public string Name { get; }

    public BaseType Type { get; }

    /// <summary>The name in the schema where <c>Type</c> is Struct.</summary>
    public string? StructName { get; }

    public bool IsArray { get; }

    public int Line { get; }

    public VersionRange Versions { get; set; }

    /// <summary>The versions in which null may be written.</summary>
    public VersionRange Nullable { get; set; } = VersionRange.None;

    /// <summary>The tag of a tagged field, or -1.</summary>
    public int Tag { get; set; } = -1;

    /// <summary>The default as the schema says it, or null where the type's own zero is meant.</summary>
    public string? Default { get; set; }

    public string Comment { get; set; } = "";

    public bool IsTagged => Tag >= 0;

    public bool IsNullable => !Nullable.IsNone || (Type == BaseType.Records && Default == "null");

    public bool IsNullByDefault => Default == "null";
}

/// <summary>Fields in wire order: a message itself, or a struct in one.</summary>
public sealed class Struct
{
    public Struct(string name, int line)
    {
        Name = name;
        Line = line;
    }

    public string Name { get; }

    public int Line { get; }

    public string Comment { get; set; } = "";

    public List<Field> Fields { get; } = new List<Field>();
}

public sealed class Message
{
    public Message(MessageKind kind, int number, string name, Struct body)
    {
        Kind = kind;
        Number = number;
        Name = name;
        Body = body;
    }

    public MessageKind Kind { get; }

    /// <summary>The API key, the record's type, or -1 where the message has no number.</summary>
    public int Number { get; }

    /// <summary>The name of the class, such as <c>ProduceRequest</c>.</summary>
    public string Name { get; }

    public Struct Body { get; }

    public VersionRange Versions { get; set; }

    /// <summary>Versions in the flexible encoding: always the last ones, or none.</summary>
    public VersionRange Flexible { get; set; } = VersionRange.None;

    /// <summary>The last version is not to be advertised, only understood.</summary>
    public bool IsLastUnstable { get; set; }

    public bool IsOnBroker { get; set; }

    public bool IsOnController { get; set; }

    /// <summary>Every struct of the message, in the order in which the schema names them.</summary>
    public List<Struct> Structs { get; } = new List<Struct>();

    public Struct? FindStruct(string name)
    {
        foreach (var candidate in Structs)
        {
            if (candidate.Name == name)
            {
                return candidate;
            }
        }

        return null;
    }
}

/// <summary>What is wrong with a schema, and on which line.</summary>
public sealed class SchemaException : Exception
{
    public SchemaException()
    {
    }

    public SchemaException(string message)
        : base(message)
    {
    }

    public SchemaException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public SchemaException(int line, string message)
        : base(message) => Line = line;

    public int Line { get; }
}
