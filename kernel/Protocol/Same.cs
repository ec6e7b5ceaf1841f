using System;
using System.Collections.Generic;

namespace Deterministic.Protocol;

/// <summary>Equality by content, for generated messages. Null and empty differ, as they do on the wire.</summary>
internal static class Same
{
    public static bool Lists<T>(List<T>? left, List<T>? right)
        where T : IEquatable<T>
    {
        if (left is null || right is null)
        {
            return left is null && right is null;
        }

        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (!left[i].Equals(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    public static bool Bytes(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) =>
        left.Span.SequenceEqual(right.Span);

    public static bool Bytes(ReadOnlyMemory<byte>? left, ReadOnlyMemory<byte>? right) =>
        left.HasValue == right.HasValue && left.GetValueOrDefault().Span.SequenceEqual(right.GetValueOrDefault().Span);

    public static bool Structs<T>(T? left, T? right)
        where T : class, IEquatable<T> => left is null ? right is null : left.Equals(right);
}
