using System;
using System.Text;

namespace Deterministic.Protocol.Generator;

/// <summary>Source text being written, with its indent.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new StringBuilder();
    private int _indent;

    public void Line(string line)
    {
        if (line.Length > 0)
        {
            _text.Append(' ', _indent * 4).Append(line);
        }

        _text.Append('\n');
    }

    public void Open(string? line = null)
    {
        if (line != null)
        {
            Line(line);
        }

        Line("{");
        _indent++;
    }

    public void Close(string end = "}")
    {
        _indent--;
        Line(end);
    }

    /// <summary>An if around what <paramref name="inside"/> writes; none where the condition is null.</summary>
    public void If(string? condition, Action inside)
    {
        if (condition == null)
        {
            inside();
            return;
        }

        Open($"if ({condition})");
        inside();
        Close();
    }

    public void Summary(string text)
    {
        if (text.Length > 0)
        {
            var safe = text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
            Line($"/// <summary>{safe}</summary>");
        }
    }

    public override string ToString() => _text.ToString();
}
