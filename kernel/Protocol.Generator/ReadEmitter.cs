namespace Deterministic.Protocol.Generator;

/// <summary>Writes the <c>Read</c> methods of a message and its structs.</summary>
internal sealed class ReadEmitter
{
    private readonly Shape _shape;
    private readonly CodeText _code;

    public ReadEmitter(Shape shape, CodeText code)
    {
        _shape = shape;
        _code = code;
    }

    public void Emit(Struct body)
    {
        _code.Line("");
        _code.Open("public void Read(ref ProtocolReader r, short version)");
        _shape.DeclareFlexible(_code);
        foreach (var run in Shape.Runs(body))
        {
            _code.If(_shape.Condition(run[0].Versions), () =>
            {
                foreach (var field in run)
                {
                    _code.Line($"{Shape.Stored(field)} = {Value(field)};");
                }
            });
        }

        EmitTags(body);
        _code.Close();
    }

    /// <summary>Helpers that make one struct, or a list of them, in whatever class uses them.</summary>
    public void EmitFactories(Struct body, bool inList, bool alone)
    {
        var name = _shape.ClassName(body.Name);
        if (alone)
        {
            _code.Line("");
            _code.Open($"internal static {name} ReadOne(ref ProtocolReader r, short version)");
            _code.Line($"var one = new {name}();");
            _code.Line("one.Read(ref r, version);");
            _code.Line("return one;");
            _code.Close();
        }

        if (inList)
        {
            _code.Line("");
            _code.Open($"internal static List<{name}>? ReadList("
                + "ref ProtocolReader r, short version, bool flexible, bool nullable)");
            _code.Line($"var count = r.ReadStructCount(flexible, nullable, {_shape.SmallestSize(body)});");
            _code.Open("if (count < 0)");
            _code.Line("return null;");
            _code.Close();
            _code.Line($"var list = new List<{name}>(ProtocolReader.Capacity(count));");
            _code.Open("for (; count > 0 && !r.Failed; count--)");
            _code.Line($"var one = new {name}();");
            _code.Line("one.Read(ref r, version);");
            _code.Line("list.Add(one);");
            _code.Close();
            _code.Line("return list;");
            _code.Close();
        }
    }

    private void EmitTags(Struct body)
    {
        var flexible = _shape.Flexible;
        if (flexible == "false")
        {
            return;
        }

        var tagged = Shape.Tagged(body);
        _code.If(flexible == "true" ? null : flexible, () =>
        {
            if (tagged.Count == 0)
            {
                _code.Line("r.SkipTags();");
                return;
            }

            _code.Open("for (var tags = r.ReadTagCount(); tags > 0; tags--)");
            _code.Open("switch (r.BeginTag(out var end))");
            foreach (var field in tagged)
            {
                var condition = _shape.Condition(field.Versions);
                _code.Line($"case {field.Tag}{(condition == null ? "" : " when " + condition)}:");
                _code.Line($"    {Shape.Stored(field)} = {Value(field)};");
                _code.Line("    break;");
            }

            _code.Close();
            _code.Line("r.EndTag(end);");
            _code.Close();
        });
    }

    private string Value(Field field)
    {
        var flexible = _shape.Flexible;
        var nullAllowed = _shape.NullAllowed(field);
        if (field.IsArray)
        {
            return field.Type == BaseType.Struct
                ? $"{_shape.QualifiedName(field)}.ReadList(ref r, version, {flexible}, {nullAllowed})"
                : $"r.Read{field.Type}List({flexible}, {nullAllowed})";
        }

        switch (field.Type)
        {
            case BaseType.String:
            case BaseType.Bytes:
            case BaseType.Records:
                return field.IsNullable
                    ? $"r.ReadNullable{field.Type}({flexible}, {nullAllowed})"
                    : $"r.Read{field.Type}({flexible})";
            case BaseType.Struct:
                var one = $"{_shape.QualifiedName(field)}.ReadOne(ref r, version)";
                var isPresent = field.IsTagged ? "r.ReadIsPresentInTag()" : "r.ReadIsPresent()";
                return field.IsNullable ? $"{isPresent} ? {one} : null" : one;
            default:
                return $"r.Read{field.Type}()";
        }
    }
}
