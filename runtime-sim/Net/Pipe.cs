using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Net;

/// <summary>
/// One direction of a connection: bytes in the order in which they were written, cut into segments that arrive one
/// after
/// the other. The receiving half puts frames together from the int32 length prefix, exactly as a socket loop must.
/// </summary>
/// <remarks>
/// A frame is handed out where it lies. Until <see cref="ReturnFrames"/> the memory stays as it is, because the
/// kernel may
/// point effects at it; growing meanwhile means a new buffer, never moving bytes in the old one.
/// </remarks>
internal sealed class Pipe
{
    private const int PrefixBytes = 4;

    private readonly Queue<(long End, Instant DueAt)> _segments = new();
    private byte[] _buffer = new byte[1024];
    private long _origin; // Position of _buffer[0] in the stream.
    private long _written;
    private long _arrived;
    private long _taken;
    private bool _isLent;
    private Instant _lastDue;

    /// <summary>True while an event for the next segment is in the queue.</summary>
    public bool IsScheduled { get; set; }

    /// <summary>True where a partition or a stall holds the next segment back.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Nothing of this direction arrives for the time being.</summary>
    public bool IsStalled { get; set; }

    /// <summary>Nothing of this direction arrives any more: the sender has given it up.</summary>
    public bool IsLost { get; set; }

    /// <summary>The writer has closed; nothing comes after what was written.</summary>
    public bool IsFinished { get; set; }

    public bool HasSegments => _segments.Count > 0;

    /// <summary>Everything written has arrived and been taken, or can never be.</summary>
    public bool IsDrained => _segments.Count == 0;

    public Instant NextDue => _segments.TryPeek(out var next) ? next.DueAt : Instant.Never;

    /// <summary>Room for a frame; fill it and call <see cref="AddSegment"/> until its end is covered.</summary>
    public Span<byte> Write(int length)
    {
        var need = _written - _origin + length;
        if (need > _buffer.Length)
        {
            MakeRoom(length);
        }

        var room = _buffer.AsSpan((int)(_written - _origin), length);
        _written += length;
        return room;
    }

    public long Written => _written;

    /// <summary>
    /// Bytes up to <paramref name="end"/> arrive at <paramref name="dueAt"/>, or with what arrives before them.
    /// </summary>
    public void AddSegment(long end, Instant dueAt)
    {
        _lastDue = dueAt > _lastDue ? dueAt : _lastDue;
        _segments.Enqueue((end, _lastDue));
    }

    /// <summary>Lets everything arrive that is due.</summary>
    public void Arrive(Instant now)
    {
        while (_segments.TryPeek(out var next) && next.DueAt <= now)
        {
            _arrived = next.End;
            _segments.Dequeue();
        }
    }

    /// <summary>
    /// The next whole frame without its prefix; <paramref name="isBad"/> where the length is impossible.
    /// </summary>
    public bool TryTakeFrame(int maxBytes, out Memory<byte> frame, out bool isBad)
    {
        frame = default;
        isBad = false;
        if (_arrived - _taken < PrefixBytes)
        {
            return false;
        }

        var at = (int)(_taken - _origin);
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at, PrefixBytes));
        if (length < 0 || length > maxBytes)
        {
            isBad = true;
            return false;
        }

        if (_arrived - _taken - PrefixBytes < length)
        {
            return false;
        }

        frame = _buffer.AsMemory(at + PrefixBytes, length);
        _taken += PrefixBytes + length;
        _isLent = true;
        return true;
    }

    /// <summary>The frames handed out are no longer used by anybody.</summary>
    public void ReturnFrames()
    {
        _isLent = false;
        if (_taken == _written)
        {
            _origin = _taken;
        }
    }

    private void MakeRoom(int length)
    {
        var kept = (int)(_written - _taken);
        var target = _buffer;
        if (_isLent || kept + length > _buffer.Length)
        {
            target = new byte[Math.Max(_buffer.Length, (kept + length) * 2)];
        }

        Buffer.BlockCopy(_buffer, (int)(_taken - _origin), target, 0, kept);
        _buffer = target;
        _origin = _taken;
    }
}
