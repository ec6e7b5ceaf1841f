using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Generator;
using Deterministic.Tests.Tidy;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>One generated class together with the schema it was made from.</summary>
public sealed record MessageClass(Message Schema, Type Type)
{
    public IMessage New() => (IMessage)Activator.CreateInstance(Type)!;

    public override string ToString() => Schema.Name;
}

/// <summary>Every message of every schema file of the checkout.</summary>
public static class MessageCatalog
{
    public static IReadOnlyList<MessageClass> All { get; } = [.. SourceTree.WithEnding(".schema")
        .SelectMany(file => SchemaParser.Parse(SourceTree.Read(file)))
        .Select(message => new MessageClass(message, TypeOf(message.Name)))];

    public static MessageClass Find(string name) => All.Single(one => one.Schema.Name == name);

    /// <summary>The class of one of the message's structs.</summary>
    public static Type StructType(MessageClass message, string structName) =>
        message.Type.GetNestedType(structName)
        ?? message.Type.GetNestedType(structName + "Struct")
        ?? throw new InvalidOperationException($"{message} has no class for {structName}");

    private static Type TypeOf(string name) =>
        typeof(IMessage).Assembly.GetType("Deterministic.Protocol.Messages." + name)
        ?? throw new InvalidOperationException($"no class was made for {name}");
}
