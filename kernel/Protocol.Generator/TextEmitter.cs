using System.Collections.Generic;

namespace Deterministic.Protocol.Generator;

/// <summary>Writes the methods for tests and traces: equality by content, and one line of text.</summary>
internal static class TextEmitter
{
    public static void Emit(Struct body, string className, CodeText code)
    {
        EmitEquals(body, className, code);
        code.Line("");
        code.Line("/// <summary>Always the same: a message changes, so it is no key of a table.</summary>");
        code.Line("public override int GetHashCode() => 0;");
        code.Line("");
        code.Line("public override string ToString() => MessageText.Of(this);");
        code.Line("");
        code.Open("void IText.AppendTo(MessageText text)");
        code.Line($"text.Open(\"{className}\");");
        foreach (var field in body.Fields)
        {
            var add = field.Type == BaseType.Struct ? field.IsArray ? "AddStructs" : "AddStruct"
                : field.IsArray ? "AddList" : "Add";
            code.Line($"text.{add}(\"{field.Name}\", {field.Name});");
        }

        code.Line("text.Close();");
        code.Close();
    }

    private static void EmitEquals(Struct body, string className, CodeText code)
    {
        var conditions = new List<string> { "other is not null" };
        foreach (var field in body.Fields)
        {
            conditions.Add(Comparison(field));
        }

        code.Line("");
        code.Line($"public bool Equals({className}? other) =>");
        for (var i = 0; i < conditions.Count; i++)
        {
            code.Line($"    {(i == 0 ? "" : "&& ")}{conditions[i]}{(i == conditions.Count - 1 ? ";" : "")}");
        }

        code.Line("");
        code.Line($"public override bool Equals(object? obj) => Equals(obj as {className});");
    }

    private static string Comparison(Field field)
    {
        var name = field.Name;
        if (field.IsArray)
        {
            return $"Same.Lists({name}, other.{name})";
        }

        switch (field.Type)
        {
            case BaseType.Bytes:
                return $"Same.Bytes({name}, other.{name})";
            case BaseType.Struct:
                return $"Same.Structs({name}, other.{name})";
            case BaseType.Records:
            case BaseType.Float64:
                return $"{name}.Equals(other.{name})";
            default:
                return $"{name} == other.{name}";
        }
    }
}
