namespace Deterministic.Protocol.Generator;

/// <summary>Writes the methods that count the bytes of a message before it is written.</summary>
internal sealed class SizeEmitter
{
    private readonly Shape _shape;
    private readonly CodeText _code;

    public SizeEmitter(Shape shape, CodeText code)
    {
        _shape = shape;
        _code = code;
    }

    public void Emit(Struct body)
    {
        _code.Line("");
        _code.Open("internal void AddSize(ref SizeCounter s, short version)");
        _shape.DeclareFlexible(_code);
        foreach (var run in Shape.Runs(body))
        {
            _code.If(_shape.Condition(run[0].Versions), () =>
            {
                var fixedSize = 0;
                foreach (var field in run)
                {
                    fixedSize += field.IsArray ? 0 : Shape.FixedSize(field.Type);
                }

                if (fixedSize > 0)
                {
                    _code.Line($"s.Add({fixedSize});");
                }

                foreach (var field in run)
                {
                    if (field.IsArray || Shape.FixedSize(field.Type) == 0)
                    {
                        EmitField(field, "s");
                    }
                }
            });
        }

        EmitTags(body);
        _code.Close();
    }

    public void EmitListSize(Struct body)
    {
        var name = _shape.ClassName(body.Name);
        _code.Line("");
        _code.Open($"internal static void AddListSize("
            + $"ref SizeCounter s, List<{name}>? list, short version, bool flexible)");
        _code.Line("s.AddCount(list is null ? 0 : list.Count, flexible);");
        _code.Open("for (var i = 0; list is not null && i < list.Count; i++)");
        _code.Line("list[i].AddSize(ref s, version);");
        _code.Close();
        _code.Close();
    }

    /// <summary>When a tagged field is written: in its versions, where it differs from its default.</summary>
    public string TagCondition(Field field)
    {
        var condition = _shape.Condition(field.Versions);
        var value = _shape.IsNotDefault(field);
        return condition == null ? $"({value})" : $"({condition} && {value})";
    }

    public void EmitField(Field field, string counter)
    {
        var stored = Shape.Stored(field);
        var flexible = _shape.Flexible;
        if (field.IsArray)
        {
            _code.Line(
                field.Type == BaseType.Struct
                    ? $"{_shape.QualifiedName(field)}.AddListSize(ref {counter}, {stored}, version, {flexible});"
                : field.Type == BaseType.String ? $"{counter}.AddStringList({stored}, {flexible});"
                : $"{counter}.AddFixedList({stored}?.Count ?? 0, {Shape.FixedSize(field.Type)}, {flexible});");
            return;
        }

        switch (field.Type)
        {
            case BaseType.String:
            case BaseType.Bytes:
            case BaseType.Records:
                _code.Line($"{counter}.Add{field.Type}({stored}, {flexible});");
                break;
            case BaseType.Struct when field.IsNullable:
                _code.Line($"{counter}.Add(1);");
                _code.Line($"{stored}?.AddSize(ref {counter}, version);");
                break;
            case BaseType.Struct when Shape.IsLazy(field):
                _code.Line($"{field.Name}.AddSize(ref {counter}, version);");
                break;
            case BaseType.Struct:
                _code.Line($"{stored}.AddSize(ref {counter}, version);");
                break;
            default:
                _code.Line($"{counter}.Add({Shape.FixedSize(field.Type)});");
                break;
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
            _code.Line("s.Add(1);");
            foreach (var field in tagged)
            {
                _code.Open($"if ({TagCondition(field)})");
                _code.Line("var t = new SizeCounter();");
                EmitField(field, "t");
                _code.Line($"s.AddTag({field.Tag}, t.Total);");
                _code.Close();
            }
        });
    }
}
