using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Protocol;

/// <summary>What can write itself as text: messages and their structs.</summary>
internal interface IText
{
    void AppendTo(MessageText text);
}

/// <summary>A struct inside a message.</summary>
internal interface IStruct : IText
{
    void Write(ref ProtocolWriter w, short version);
}

/// <summary>
/// One line of text for a message: <c>ProduceRequest { Acks = -1, ... }</c>. For traces, logs and failing tests,
/// never parsed. Long bytes are shown by their length alone.
/// </summary>
internal sealed class MessageText
{
    private const int MaxShownBytes = 32;

    private readonly StringBuilder _text = new();
    private bool _isFirst = true;

    private MessageText()
    {
    }

    public static string Of(IText message)
    {
        var text = new MessageText();
        message.AppendTo(text);
        return text._text.ToString();
    }

    public void Open(string name)
    {
        _text.Append(name).Append(" {");
        _isFirst = true;
    }

    public void Close()
    {
        _text.Append(" }");
        _isFirst = false;
    }

    public void Add(string name, bool value) => Name(name).Append(value ? "true" : "false");

    public void Add(string name, long value) => Name(name).Append(CultureInfo.InvariantCulture, $"{value}");

    public void Add(string name, double value) => Name(name).Append(CultureInfo.InvariantCulture, $"{value:R}");

    public void Add(string name, Uuid value) => Name(name).Append(value.ToString());

    public void Add(string name, string? value)
    {
        Name(name);
        Value(value);
    }

    public void Add(string name, ReadOnlyMemory<byte> value) => Add(name, (ReadOnlyMemory<byte>?)value);

    public void Add(string name, ReadOnlyMemory<byte>? value)
    {
        Name(name);
        if (value is not { } bytes)
        {
            _text.Append("null");
        }
        else if (bytes.Length > MaxShownBytes)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{bytes.Length} bytes");
        }
        else
        {
            _text.Append("0x").Append(Convert.ToHexStringLower(bytes.Span));
        }
    }

    public void Add(string name, Records value) => Name(name).Append(value.ToString());

    public void Add(string name, Records? value) => Name(name).Append(value?.ToString() ?? "null");

    public void AddStruct(string name, IText? value)
    {
        Name(name);
        Value(value);
    }

    public void AddStructs<T>(string name, List<T>? list)
        where T : class, IText
    {
        Name(name);
        if (list is null)
        {
            _text.Append("null");
            return;
        }

        _text.Append('[');
        for (var i = 0; i < list.Count; i++)
        {
            _text.Append(i == 0 ? "" : ", ");
            Value(list[i]);
        }

        _text.Append(']');
    }

    public void AddList<T>(string name, List<T>? list)
    {
        Name(name);
        if (list is null)
        {
            _text.Append("null");
            return;
        }

        _text.Append('[');
        for (var i = 0; i < list.Count; i++)
        {
            _text.Append(i == 0 ? "" : ", ");
            if (list[i] is string text)
            {
                Value(text);
            }
            else
            {
                _text.Append(CultureInfo.InvariantCulture, $"{list[i]}");
            }
        }

        _text.Append(']');
    }

    private StringBuilder Name(string name)
    {
        _text.Append(_isFirst ? " " : ", ").Append(name).Append(" = ");
        _isFirst = false;
        return _text;
    }

    private void Value(string? value) => _ = value is null
        ? _text.Append("null")
        : _text.Append('"').Append(value).Append('"');

    private void Value(IText? value)
    {
        if (value is null)
        {
            _text.Append("null");
            return;
        }

        value.AppendTo(this);
    }
}
