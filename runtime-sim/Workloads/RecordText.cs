using System;
using System.Buffers.Binary;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// What stands in a simulated record's value: its id, and padding that follows from the id, so that a reader notices
/// every
/// byte that is not what was sent.
/// </summary>
public static class RecordText
{
    public const int LeastBytes = 8;

    public static void Write(Span<byte> value, long id)
    {
        BinaryPrimitives.WriteInt64BigEndian(value, id);
        var seed = (uint)(id ^ (id >> 32)) | 1;
        foreach (ref var b in value[LeastBytes..])
        {
            seed = (seed * 1_664_525) + 1_013_904_223;
            b = (byte)(seed >> 24);
        }
    }

    /// <summary>False where the bytes are not those of any record that was sent.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out long id)
    {
        id = -1;
        if (value.Length < LeastBytes)
        {
            return false;
        }

        id = BinaryPrimitives.ReadInt64BigEndian(value);
        var seed = (uint)(id ^ (id >> 32)) | 1;
        foreach (var b in value[LeastBytes..])
        {
            seed = (seed * 1_664_525) + 1_013_904_223;
            if (b != (byte)(seed >> 24))
            {
                return false;
            }
        }

        return true;
    }
}
