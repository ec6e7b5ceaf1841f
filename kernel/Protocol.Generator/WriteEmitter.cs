namespace Deterministic.Protocol.Generator;

/// <summary>Writes the <c>Write</c> methods of a message and its structs.</summary>
internal sealed class WriteEmitter
{
    private readonly Shape _shape;
    private readonly CodeText _code;

    public WriteEmitter(Shape shape, CodeText code)
    {
        _shape = shape;
        _code = code;
    }

    public void Emit(Struct body)
    {
        _code.Line("");
        _code.Open("public void Write(ref ProtocolWriter w, short version)");
        _shape.DeclareFlexible(_code);
        foreach (var run in Shape.Runs(body))
        {
            _code.If(_shape.Condition(run[0].Versions), () => run.ForEach(field => EmitField(field, "w")));
        }

        EmitTags(body);
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
                _code.Line($"tags += {TagCondition(field)} ? 1u : 0u;");
            }

            _code.Line("w.WriteUnsignedVarint(tags);");
            foreach (var field in tagged)
            {
                _code.Open($"if ({TagCondition(field)})");
                _code.Line("var counting = ProtocolWriter.Counting();");
                EmitField(field, "counting");
                _code.Line($"w.WriteTag({field.Tag}, counting.Position);");
                EmitField(field, "w");
                _code.Close();
            }
        });
    }

    /// <summary>When a tagged field is written: in its versions, where it differs from its default.</summary>
    private string TagCondition(Field field)
    {
        var condition = _shape.Condition(field.Versions);
        var value = _shape.IsNotDefault(field);
        return condition == null ? $"({value})" : $"({condition} && ({value}))";
    }

    private void EmitField(Field field, string writer)
    {
        var stored = Shape.Stored(field);
        var flexible = _shape.Flexible;
        var nullAllowed = _shape.NullAllowed(field);
        if (field.IsArray)
        {
            _code.Line(field.Type == BaseType.Struct
                ? $"{writer}.WriteStructs({stored}, version, {flexible}, {nullAllowed});"
                : $"{writer}.Write{field.Type}List({stored}, {flexible}, {nullAllowed});");
            return;
        }

        switch (field.Type)
        {
            case BaseType.String:
            case BaseType.Bytes:
            case BaseType.Records:
                _code.Line($"{writer}.Write{field.Type}({stored}, {flexible}, {nullAllowed});");
                break;
            case BaseType.Struct when field.IsNullable:
                var inTag = field.IsTagged ? "InTag" : "";
                _code.Line($"{writer}.WriteIsPresent{inTag}({stored} is not null);");
                _code.Line($"{stored}?.Write(ref {writer}, version);");
                break;
            case BaseType.Struct:
                _code.Line($"{field.Name}.Write(ref {writer}, version);");
                break;
            default:
                _code.Line($"{writer}.Write{field.Type}({stored});");
                break;
        }
    }
}
