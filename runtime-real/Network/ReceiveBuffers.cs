using System;
using System.Collections.Generic;
using System.Numerics;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Network;

/// <summary>Page-aligned, pinned memory that frames arrive in.</summary>
internal sealed class ReceiveBuffer
{
    private readonly byte[] _array;
    private readonly int _offset;

    public unsafe ReceiveBuffer(int capacity)
    {
        // Copies whose ends lie a few bytes apart modulo a page run at a tenth of their speed: begin on a page.
        _array = GC.AllocateUninitializedArray<byte>(capacity + Environment.SystemPageSize, pinned: true);
        fixed (byte* start = _array)
        {
            var page = (nuint)Environment.SystemPageSize;
            _offset = (int)((page - ((nuint)start % page)) % page);
        }

        Capacity = capacity;
    }

    public int Capacity { get; }

    public Memory<byte> Memory => _array.AsMemory(_offset, Capacity);

    public Span<byte> Span => _array.AsSpan(_offset, Capacity);
}

/// <summary>
/// All receive memory of one node. Connections hold a buffer only while bytes of an unfinished or unanswered frame are
/// in
/// it, so ten thousand idle connections cost nothing; the total has a bound, at which growth waits.
/// </summary>
internal sealed class ReceiveBuffers
{
    /// <summary>The smallest buffer, and the step that a frame of unknown sender grows by doubling.</summary>
    public const int SmallestBytes = 64 * 1024;

    /// <summary>
    /// Bound: free memory kept for reuse. Larger buffers than a share of it are left to the collector.
    /// </summary>
    private const long KeptBytes = 64L << 20;

    private const int LargestKept = 4 << 20;

    private readonly Stack<ReceiveBuffer>[] _free = new Stack<ReceiveBuffer>[12];
    private readonly long _limit;
    private long _kept;

    /// <param name="limit">Kafka's queued.max.request.bytes: all receive memory in use at once.</param>
    public ReceiveBuffers(long limit)
    {
        _limit = limit;
        for (var i = 0; i < _free.Length; i++)
        {
            _free[i] = new Stack<ReceiveBuffer>();
        }
    }

    public long InUse { get; private set; }

    /// <summary>A buffer of at least this size, or null where the total would pass its bound.</summary>
    public ReceiveBuffer? Rent(int atLeast)
    {
        var capacity = CapacityFor(atLeast);
        if (InUse + capacity > _limit && InUse > 0)
        {
            return null;
        }

        InUse += capacity;
        if (_free[ClassOf(capacity)].TryPop(out var buffer))
        {
            _kept -= capacity;
            return buffer;
        }

        return new ReceiveBuffer(capacity);
    }

    public void Return(ReceiveBuffer buffer)
    {
        InUse -= buffer.Capacity;
        Invariant.Check(InUse >= 0);
        if (buffer.Capacity <= LargestKept && _kept + buffer.Capacity <= KeptBytes)
        {
            _kept += buffer.Capacity;
            _free[ClassOf(buffer.Capacity)].Push(buffer);
        }
    }

    /// <summary>Powers of two; a frame near the limit of an int gets exactly what it needs.</summary>
    public static int CapacityFor(int atLeast) =>
        atLeast <= SmallestBytes ? SmallestBytes
        : atLeast > 64 << 20 ? atLeast
        : (int)BitOperations.RoundUpToPowerOf2((uint)atLeast);

    private static int ClassOf(int capacity) =>
        Math.Min(11, BitOperations.Log2((uint)capacity) - BitOperations.Log2((uint)SmallestBytes));
}
