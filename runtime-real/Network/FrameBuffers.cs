using System;
using System.Buffers.Binary;
using Deterministic.Runtime.Real.Hosting;

namespace Deterministic.Runtime.Real.Network;

/// <summary>What stands at the front of a connection's bytes.</summary>
internal enum NextFrame : byte
{
    Whole,
    Unfinished,

    /// <summary>Its length is negative or beyond the limit.</summary>
    Absurd,
}

/// <summary>
/// Turns a connection's bytes into frames without moving them: an int32 of length, then so many bytes. A frame that
/// does
/// not fit is moved or given more memory only between rounds, when nothing is lent to the kernel.
/// </summary>
internal sealed class FrameBuffers
{
    private const int LengthPrefix = 4;

    /// <summary>Bound: how much a connection that always has more is read at one go.</summary>
    private const int LargestAppetite = 256 * 1024;

    /// <summary>Bound: memory given in advance for a frame as long as earlier ones of the same connection.</summary>
    private const int LargestTrust = 4 << 20;

    /// <summary>So little is moved to the front at once, to leave room for a long read.</summary>
    private const int CheapMoveBytes = 4096;

    private readonly ReceiveBuffers _buffers;
    private readonly int _maxFrame;

    public FrameBuffers(NodeLimits limits)
    {
        _buffers = new ReceiveBuffers(limits.MaxQueuedRequestBytes);
        _maxFrame = limits.MaxRequestBytes;
    }

    public long BytesInUse => _buffers.InUse;

    /// <summary>It filled everything it was offered: offer more the next time.</summary>
    public static void RaiseAppetite(Connection connection)
    {
        if (connection.Appetite < LargestAppetite)
        {
            connection.Appetite *= 2;
        }
    }

    /// <summary>An empty buffer for a connection that has none. False: there is no memory now.</summary>
    public bool TakeBuffer(Connection connection)
    {
        var wanted = Math.Max(connection.Appetite, Math.Min(connection.LongestFrame, LargestTrust));
        connection.Buffer = _buffers.Rent(wanted);
        connection.Start = 0;
        connection.End = 0;
        return connection.Buffer is not null;
    }

    public NextFrame Next(Connection connection, out Memory<byte> frame)
    {
        frame = default;
        var buffer = connection.Buffer!;
        if (connection.End - connection.Start < LengthPrefix)
        {
            return NextFrame.Unfinished;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(buffer.Span[connection.Start..]);
        if (length < 0 || length > _maxFrame)
        {
            return NextFrame.Absurd;
        }

        if (connection.End - connection.Start - LengthPrefix < length)
        {
            return NextFrame.Unfinished;
        }

        frame = buffer.Memory.Slice(connection.Start + LengthPrefix, length);
        connection.Start += LengthPrefix + length;
        connection.LongestFrame = Math.Max(connection.LongestFrame, LengthPrefix + length);
        return NextFrame.Whole;
    }

    /// <summary>
    /// Nothing is lent any more: gives back, moves or grows the buffer. False: it must grow and cannot now.
    /// </summary>
    public bool Settle(Connection connection)
    {
        if (connection.Buffer is not { } buffer)
        {
            return true;
        }

        if (connection.IsGone || connection.Start == connection.End)
        {
            _buffers.Return(buffer);
            connection.Buffer = null;
            return true;
        }

        var waiting = connection.End - connection.Start;
        long needed = LengthPrefix;
        if (waiting >= LengthPrefix)
        {
            needed += BinaryPrimitives.ReadInt32BigEndian(buffer.Span[connection.Start..]);
            if (needed <= waiting)
            {
                // Held back whole, or refused when it is its turn.
                return true;
            }
        }

        if (needed > buffer.Capacity - connection.Start || waiting <= CheapMoveBytes)
        {
            buffer.Span[connection.Start..connection.End].CopyTo(buffer.Span);
            connection.Start = 0;
            connection.End = waiting;
        }

        return connection.End < buffer.Capacity || Grow(connection, buffer, needed);
    }

    /// <summary>
    /// Only as much as has arrived is answered with more, twice as much each time, unless the connection has sent
    /// frames
    /// of this length before: a length alone is no reason to give memory.
    /// </summary>
    private bool Grow(Connection connection, ReceiveBuffer buffer, long needed)
    {
        var trusted = Math.Min(connection.LongestFrame, LargestTrust);
        var wanted = Math.Min(needed, Math.Max(trusted, buffer.Capacity * 2L));
        if (_buffers.Rent((int)wanted) is not { } larger)
        {
            return false;
        }

        buffer.Span[..connection.End].CopyTo(larger.Span);
        _buffers.Return(buffer);
        connection.Buffer = larger;
        return true;
    }
}
