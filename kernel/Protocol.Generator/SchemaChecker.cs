using System.Collections.Generic;

namespace Deterministic.Protocol.Generator;

/// <summary>
/// Refuses schemas from which no sound code could be made. Structs never contain themselves, so the depth of
/// nesting, and with it the reader's recursion, is bounded by the schema and not by what a peer sends.
/// </summary>
internal sealed class SchemaChecker
{
    private static readonly string[] MemberNames =
    {
        "Read", "Write", "Size", "Equals", "ToString", "GetHashCode", "GetType",
        "LowestVersion", "HighestVersion", "FirstFlexibleVersion", "ApiKeyNumber",
    };

    private readonly Message _message;
    private readonly List<Struct> _above = new List<Struct>();

    public SchemaChecker(Message message) => _message = message;

    public void Check()
    {
        if (_message.Versions.IsNone)
        {
            throw new SchemaException(_message.Body.Line, "a message without versions");
        }

        if (!_message.Flexible.IsNone && _message.Flexible.Last != _message.Versions.Last)
        {
            throw new SchemaException(_message.Body.Line, "flexible versions are the last ones");
        }

        foreach (var field in _message.Body.Fields)
        {
            foreach (var name in MemberNames)
            {
                Require(field.Name != name, field, "a message has a member of that name");
            }
        }

        CheckStruct(_message.Body);
    }

    private void CheckStruct(Struct body)
    {
        if (_above.Contains(body))
        {
            throw new SchemaException(body.Line, $"{body.Name} contains itself");
        }

        _above.Add(body);
        for (var i = 0; i < body.Fields.Count; i++)
        {
            var field = body.Fields[i];
            for (var j = 0; j < i; j++)
            {
                Require(body.Fields[j].Name != field.Name, field, "two fields of one name");
                Require(!field.IsTagged || body.Fields[j].Tag != field.Tag, field, "two fields of one tag");
            }

            CheckField(field);
        }

        _above.RemoveAt(_above.Count - 1);
    }

    private void CheckField(Field field)
    {
        Require(!field.Versions.IsNone, field, "no version of the message has it");
        Require(!field.IsNullByDefault || field.IsNullable, field, "null by default needs null versions");
        if (field.IsTagged)
        {
            Require(!_message.Flexible.IsNone, field, "only flexible versions have tags");
            Require(field.Versions.First >= _message.Flexible.First, field, "a tag before the flexible versions");
            Require(field.Type != BaseType.Records, field, "records may be slices of files and cannot be tagged");
        }

        if (field.Type != BaseType.Struct)
        {
            Require(!field.IsArray || IsArrayElement(field.Type), field, "arrays of this type are not known");
            return;
        }

        var inner = _message.FindStruct(field.StructName!);
        Require(inner != null && inner.Fields.Count > 0, field, $"struct {field.StructName} has no fields");
        CheckStruct(inner!);
    }

    private static bool IsArrayElement(BaseType type) => type switch
    {
        BaseType.Int8 => true,
        BaseType.Int16 => true,
        BaseType.Int32 => true,
        BaseType.Int64 => true,
        BaseType.Uuid => true,
        BaseType.String => true,
        _ => false,
    };

    private static void Require(bool condition, Field field, string message)
    {
        if (!condition)
        {
            throw new SchemaException(field.Line, $"{field.Name}: {message}");
        }
    }
}
