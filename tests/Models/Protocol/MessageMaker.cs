using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Generator;
using RecordBytes = Deterministic.Protocol.Records;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// Makes messages of any class and version from a seed. Fields that the version does not have keep their defaults;
/// the others are drawn from values that tend to go wrong: defaults, extremes, empty, null, long, not ASCII.
/// </summary>
public sealed class MessageMaker(MessageClass message, int version, ulong seed)
{
    private static readonly string[] Texts =
    [
        "", "a", "topic-1", "\u00e9t\u00e9", "\u65e5\u672c", "\ud83d\ude00!", "with \"quotes\" and \\", new('x', 126),
        new('y', 127), new('z', 300),
    ];

    private readonly Prng _random = new(seed);

    public static IMessage Make(MessageClass message, int version, ulong seed)
    {
        var made = message.New();
        new MessageMaker(message, version, seed).Fill(message.Schema.Body, made);
        return made;
    }

    private void Fill(Struct body, object target)
    {
        foreach (var field in body.Fields.Where(field => field.Versions.Contains(version)))
        {
            var isLeftAlone = field.IsTagged && Draw(3) == 0;
            if (!isLeftAlone)
            {
                target.GetType().GetProperty(field.Name)!.SetValue(target, Value(field));
            }
        }
    }

    private object? Value(Field field)
    {
        if (field.Nullable.Contains(version) && Draw(4) == 0)
        {
            return null;
        }

        return field.IsArray ? List(field) : Element(field);
    }

    private IList List(Field field)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(ElementType(field)))!;
        var isLong = field.Type != BaseType.Struct && Draw(10) == 0;
        for (var left = isLong ? 140 : Draw(4); left > 0; left--)
        {
            list.Add(Element(field));
        }

        return list;
    }

    private Type ElementType(Field field) => field.Type switch
    {
        BaseType.Int8 => typeof(sbyte),
        BaseType.Int16 => typeof(short),
        BaseType.Int32 => typeof(int),
        BaseType.Int64 => typeof(long),
        BaseType.Uuid => typeof(Uuid),
        BaseType.String => typeof(string),
        BaseType.Struct => MessageCatalog.StructType(message, field.StructName!),
        _ => throw new InvalidOperationException($"{field.Name} cannot be in an array"),
    };

    private object Element(Field field) => field.Type switch
    {
        BaseType.Bool => Draw(2) == 0,
        BaseType.Int8 => (sbyte)Number(sbyte.MinValue, sbyte.MaxValue),
        BaseType.Int16 => (short)Number(short.MinValue, short.MaxValue),
        BaseType.UInt16 => (ushort)Number(0, ushort.MaxValue),
        BaseType.Int32 => (int)Number(int.MinValue, int.MaxValue),
        BaseType.UInt32 => (uint)Number(0, uint.MaxValue),
        BaseType.Int64 => Number(long.MinValue, long.MaxValue),
        BaseType.Float64 => Number(int.MinValue, int.MaxValue) / 8.0,
        BaseType.Uuid => Draw(4) == 0 ? Uuid.Zero : new Uuid(_random.NextUInt64(), _random.NextUInt64()),
        BaseType.String => Texts[Draw(Texts.Length)],
        BaseType.Bytes => (ReadOnlyMemory<byte>)Bytes(),
        BaseType.Records => new RecordBytes(Bytes()),
        BaseType.Struct => Struct(field),
        _ => throw new InvalidOperationException(field.Name),
    };

    private object Struct(Field field)
    {
        var made = Activator.CreateInstance(MessageCatalog.StructType(message, field.StructName!))!;
        Fill(message.Schema.FindStruct(field.StructName!)!, made);
        return made;
    }

    private long Number(long lowest, long highest) => Draw(6) switch
    {
        0 => lowest,
        1 => highest,
        2 => 0,
        3 => Math.Max(-1, lowest),
        _ when lowest == long.MinValue => (long)_random.NextUInt64(),
        _ => lowest + (long)(_random.NextUInt64() % (ulong)(highest - lowest + 1)),
    };

    private byte[] Bytes()
    {
        var bytes = new byte[Draw(8) == 0 ? 200 : Draw(20)];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)_random.NextUInt64();
        }

        return bytes;
    }

    private int Draw(int count) => (int)(_random.NextUInt64() % (ulong)count);
}
