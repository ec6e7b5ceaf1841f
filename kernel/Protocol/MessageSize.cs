using System;
using System.Collections.Generic;
using System.Numerics;
using System.Text;

namespace Deterministic.Protocol;

/// <summary>The bytes of a message: all of them, and those that no file slice stands for.</summary>
public readonly record struct MessageSize(int Total, int InMemory);

/// <summary>Counts what <see cref="ProtocolWriter"/> would write, method by method.</summary>
internal struct SizeCounter
{
    private int _slices;

    public int Total { get; private set; }

    public readonly MessageSize ToSize() => new(Total, Total - _slices);

    public void Add(int bytes) => Total = checked(Total + bytes);

    public void AddString(string? value, bool compact)
    {
        var bytes = value is null ? 0 : Encoding.UTF8.GetByteCount(value);
        Add(bytes + (compact ? UnsignedVarint((uint)bytes + 1) : sizeof(short)));
    }

    public void AddBytes(ReadOnlyMemory<byte>? value, bool compact) => AddLengthAnd(value?.Length ?? 0, compact);

    public void AddRecords(Records? value, bool compact)
    {
        AddLengthAnd(value?.Length ?? 0, compact);
        if (value is { IsSlice: true } slice)
        {
            _slices += slice.Length;
        }
    }

    public void AddCount(int count, bool compact) =>
        Add(compact ? UnsignedVarint((uint)count + 1) : sizeof(int));

    public void AddFixedList(int count, int elementSize, bool compact)
    {
        AddCount(count, compact);
        Add(checked(count * elementSize));
    }

    public void AddStringList(List<string>? list, bool compact)
    {
        AddCount(list?.Count ?? 0, compact);
        for (var i = 0; list is not null && i < list.Count; i++)
        {
            AddString(list[i], compact);
        }
    }

    /// <summary>A tagged field's number, length and bytes.</summary>
    public void AddTag(uint tag, int bytes) => Add(UnsignedVarint(tag) + UnsignedVarint((uint)bytes) + bytes);

    /// <summary>Seven bits a byte.</summary>
    public static int UnsignedVarint(uint value) => (38 - BitOperations.LeadingZeroCount(value | 1)) / 7;

    private void AddLengthAnd(int bytes, bool compact) =>
        Add(checked(bytes + (compact ? UnsignedVarint((uint)bytes + 1) : sizeof(int))));
}
