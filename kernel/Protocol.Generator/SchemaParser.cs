using System;
using System.Collections.Generic;
using System.Globalization;

namespace Deterministic.Protocol.Generator;

/// <summary>
/// Reads a schema's text. The grammar is on one page: docs/protocol.md.
/// A line is a message, a struct or a field; two spaces of indent make a field part of what stands above it.
/// </summary>
public sealed class SchemaParser
{
    private const int MaxVersion = short.MaxValue;

    private readonly List<Message> _messages = new List<Message>();

    /// <summary>The struct open at each depth: fields at depth n+1 belong to entry n.</summary>
    private readonly List<Struct> _open = new List<Struct>();

    private string _comment = "";
    private int _line;

    private SchemaParser()
    {
    }

    public static List<Message> Parse(string text)
    {
        var parser = new SchemaParser();
        foreach (var line in text.Split('\n'))
        {
            parser._line++;
            parser.ReadLine(line.TrimEnd('\r'));
        }

        foreach (var message in parser._messages)
        {
            new SchemaChecker(message).Check();
        }

        return parser._messages;
    }

    private void ReadLine(string line)
    {
        var hash = line.IndexOf('#');
        var comment = hash < 0 ? "" : line.Substring(hash + 1).Trim();
        var content = (hash < 0 ? line : line.Substring(0, hash)).TrimEnd();
        if (content.Length == 0)
        {
            // A comment on its own lines speaks of the message or the struct below it; a blank line ends it.
            _comment = hash < 0 ? "" : (_comment + " " + comment).Trim();
            return;
        }

        comment = (_comment + " " + comment).Trim();
        _comment = "";
        var indent = content.Length - content.TrimStart(' ').Length;
        if (indent % 2 != 0)
        {
            throw Error("indent by two spaces");
        }

        var words = content.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        if (indent == 0)
        {
            ReadMessage(words, comment);
        }
        else if (words[0] == "struct")
        {
            ReadStruct(words, comment, indent / 2);
        }
        else
        {
            ReadField(words, comment, indent / 2);
        }
    }

    private void ReadMessage(string[] words, string comment)
    {
        var kind = KindOf(words[0]);
        var at = 1;
        var number = kind == MessageKind.Data ? -1 : Number(Word(words, at++), "number");
        var name = Word(words, at++);
        if (kind == MessageKind.Request || kind == MessageKind.Response)
        {
            name += kind.ToString();
        }

        var message = new Message(kind, number, name, new Struct(name, _line) { Comment = comment })
        {
            Versions = Versions(Word(words, at++), MaxVersion),
        };
        while (at < words.Length)
        {
            at = ReadMessageOption(message, words, at);
        }

        _messages.Add(message);
        _open.Clear();
        _open.Add(message.Body);
    }

    private int ReadMessageOption(Message message, string[] words, int at)
    {
        switch (words[at])
        {
            case "flexible":
                message.Flexible = Versions(Word(words, at + 1), message.Versions.Last).Within(message.Versions);
                return at + 2;
            case "unstable":
                message.IsLastUnstable = true;
                return at + 1;
            case "on":
                return at + 1;
            case "broker":
                message.IsOnBroker = true;
                return at + 1;
            case "controller":
                message.IsOnController = true;
                return at + 1;
            default:
                throw Error($"unknown word '{words[at]}'");
        }
    }

    private void ReadStruct(string[] words, string comment, int depth)
    {
        if (depth != 1 || _messages.Count == 0 || words.Length != 2)
        {
            throw Error("a struct stands directly in a message: struct Name");
        }

        Open(new Struct(words[1], _line) { Comment = comment }, depth);
    }

    private void ReadField(string[] words, string comment, int depth)
    {
        if (depth > _open.Count || _messages.Count == 0)
        {
            throw Error("this field belongs to nothing");
        }

        _open.RemoveRange(depth, _open.Count - depth);
        var message = _messages[_messages.Count - 1];
        var type = Word(words, 1);
        var isArray = type.StartsWith("[]", StringComparison.Ordinal);
        var baseName = isArray ? type.Substring(2) : type;
        var baseType = TypeOf(baseName);
        var structName = baseType == BaseType.Struct ? baseName : null;
        var field = new Field(words[0], baseType, structName, isArray, _line)
        {
            Versions = Versions(Word(words, 2), message.Versions.Last).Within(message.Versions),
            Comment = comment,
        };
        ReadFieldOptions(field, message, words);
        _open[depth - 1].Fields.Add(field);
        if (structName != null && message.FindStruct(structName) == null)
        {
            Open(new Struct(structName, _line), depth);
        }
    }

    private void ReadFieldOptions(Field field, Message message, string[] words)
    {
        for (var at = 3; at < words.Length; at += 2)
        {
            var value = Word(words, at + 1);
            switch (words[at])
            {
                case "null":
                    field.Nullable = Versions(value, message.Versions.Last).Within(field.Versions);
                    break;
                case "tag":
                    field.Tag = Number(value, "tag");
                    break;
                case "=":
                    field.Default = value;
                    break;
                default:
                    throw Error($"unknown word '{words[at]}'");
            }
        }
    }

    private void Open(Struct body, int depth)
    {
        _messages[_messages.Count - 1].Structs.Add(body);
        _open.RemoveRange(depth, _open.Count - depth);
        _open.Add(body);
    }

    private MessageKind KindOf(string word) => word switch
    {
        "request" => MessageKind.Request,
        "response" => MessageKind.Response,
        "metadata" => MessageKind.Metadata,
        "key" => MessageKind.Key,
        "value" => MessageKind.Value,
        "data" => MessageKind.Data,
        _ => throw Error($"'{word}' is no kind of message"),
    };

    private static BaseType TypeOf(string word) => word switch
    {
        "bool" => BaseType.Bool,
        "int8" => BaseType.Int8,
        "int16" => BaseType.Int16,
        "uint16" => BaseType.UInt16,
        "int32" => BaseType.Int32,
        "uint32" => BaseType.UInt32,
        "int64" => BaseType.Int64,
        "float64" => BaseType.Float64,
        "uuid" => BaseType.Uuid,
        "string" => BaseType.String,
        "bytes" => BaseType.Bytes,
        "records" => BaseType.Records,
        _ => BaseType.Struct,
    };

    private VersionRange Versions(string word, int last)
    {
        if (word == "never")
        {
            return VersionRange.None;
        }

        if (word.EndsWith("+", StringComparison.Ordinal))
        {
            return new VersionRange(Number(word.Substring(0, word.Length - 1), "version"), last);
        }

        var dash = word.IndexOf('-');
        return dash < 0
            ? new VersionRange(Number(word, "version"), Number(word, "version"))
            : new VersionRange(Number(word.Substring(0, dash), "version"), Number(word.Substring(dash + 1), "version"));
    }

    private int Number(string word, string what) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxVersion
            ? number
            : throw Error($"'{word}' is no {what}");

    private string Word(string[] words, int at) =>
        at < words.Length ? words[at] : throw Error("the line ends too early");

    private SchemaException Error(string message) => new SchemaException(_line, message);
}
