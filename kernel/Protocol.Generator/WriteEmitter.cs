namespace Deterministic.Protocol.Generator;

/// <summary>Writes the <c>Write</c> methods of a message and its structs.</summary>
internal sealed class WriteEmitter
{
    private readonly Shape _shape;
    private readonly CodeText _code;
    private readonly SizeEmitter _sizes;

    public WriteEmitter(Shape shape, CodeText code)
    {
        _shape = shape;
        _code = code;
        _sizes = new SizeEmitter(shape, code);
    }

    public void Emit(Struct body, string access)
    {
        _code.Line("");
        _code.Open($"{access} void Write(ref ProtocolWriter w, short version)");
        _shape.DeclareFlexible(_code);
        foreach (var run in Shape.Runs(body))
        {
            _code.If(_shape.Condition(run[0].Versions), () => run.ForEach(EmitField));
        }

        EmitTags(body);
        _code.Close();
    }

    public void EmitListWriter(Struct body)
    {
        var name = _shape.ClassName(body.Name);
        _code.Line("");
        _code.Open($"internal static void WriteList("
            + $"ref ProtocolWriter w, List<{name}>? list, short version, bool flexible, bool nullable)");
        _code.Line("w.WriteCount(list is null ? -1 : list.Count, flexible, nullable);");
        _code.Open("for (var i = 0; list is not null && i < list.Count; i++)");
        _code.Line("list[i].Write(ref w, version);");
        _code.Close();
        _code.Close();
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
                _code.Line("w.WriteUnsignedVarint(0);");
                return;
            }

            _code.Line("var tags = 0u;");
            foreach (var field in tagged)
            {
                _code.Line($"tags += {_sizes.TagCondition(field)} ? 1u : 0u;");
            }

            _code.Line("w.WriteUnsignedVarint(tags);");
            foreach (var field in tagged)
            {
                _code.Open($"if ({_sizes.TagCondition(field)})");
                _code.Line("var t = new SizeCounter();");
                _sizes.EmitField(field, "t");
                _code.Line($"w.WriteTag({field.Tag}, t.Total);");
                EmitField(field);
                _code.Close();
            }
        });
    }

    private void EmitField(Field field)
    {
        var stored = Shape.Stored(field);
        var flexible = _shape.Flexible;
        var nullAllowed = _shape.NullAllowed(field);
        if (field.IsArray)
        {
            _code.Line(field.Type == BaseType.Struct
                ? $"{_shape.QualifiedName(field)}.WriteList(ref w, {stored}, version, {flexible}, {nullAllowed});"
                : $"w.Write{field.Type}List({stored}, {flexible}, {nullAllowed});");
            return;
        }

        switch (field.Type)
        {
            case BaseType.String:
            case BaseType.Bytes:
            case BaseType.Records:
                _code.Line($"w.Write{field.Type}({stored}, {flexible}, {nullAllowed});");
                break;
            case BaseType.Struct when field.IsNullable:
                var inTag = field.IsTagged ? "InTag" : "";
                _code.Line($"w.WriteIsPresent{inTag}({stored} is not null);");
                _code.Line($"{stored}?.Write(ref w, version);");
                break;
            case BaseType.Struct when Shape.IsLazy(field):
                _code.Line($"{field.Name}.Write(ref w, version);");
                break;
            case BaseType.Struct:
                _code.Line($"{stored}.Write(ref w, version);");
                break;
            default:
                _code.Line($"w.Write{field.Type}({stored});");
                break;
        }
    }
}
