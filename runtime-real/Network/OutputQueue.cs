using System;
using System.Buffers;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// What one connection still has to send, in order: pieces of memory and slices of files. Memory of effects is borrowed
/// until <see cref="Keep"/>, which copies what the socket did not take; slices stay references, however long they wait.
/// </summary>
internal sealed class OutputQueue
{
    /// <summary>Bound: pieces of memory in one call.</summary>
    public const int MaxPieces = 64;

    /// <summary>Bound: bytes of a file moved by one call. Larger calls stall on some kernels.</summary>
    public const int SliceChunkBytes = 64 * 1024;

    private readonly List<Piece> _pieces = [];
    private readonly ReadOnlyMemory<byte>[] _vector;
    private int _head;

    /// <param name="vector">Scratch of the node, used within one call only.</param>
    public OutputQueue(ReadOnlyMemory<byte>[] vector)
    {
        _vector = vector;
    }

    /// <summary>Bytes waiting, those in files included.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => _head == _pieces.Count;

    public void Add(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > 0)
        {
            _pieces.Add(new Piece { Bytes = bytes });
            Bytes += bytes.Length;
        }
    }

    /// <summary>Takes over the caller's share of the file.</summary>
    public void Add(SharedHandle file, long position, int length)
    {
        if (length == 0)
        {
            file.Release();
            return;
        }

        _pieces.Add(new Piece { File = file, Position = position, Length = length });
        Bytes += length;
    }

    /// <summary>Sends until all is gone (Some), the socket takes no more (Blocked) or is broken (Gone).</summary>
    public Moved SendTo(IByteSocket socket, NodeDisk disk, out ColdSlice cold)
    {
        cold = default;
        while (_head < _pieces.Count)
        {
            var moved = _pieces[_head].File is null
                ? SendMemory(socket)
                : SendSlice(socket, disk, ref cold);
            if (moved != Moved.Some)
            {
                return moved;
            }
        }

        _pieces.Clear();
        _head = 0;
        return Moved.Some;
    }

    /// <summary>Before the effects are cleared: what is left of their memory becomes our own, in one block.</summary>
    public void Keep()
    {
        _pieces.RemoveRange(0, _head);
        _head = 0;
        var borrowed = 0;
        foreach (var piece in _pieces)
        {
            borrowed += piece.IsBorrowed ? piece.Bytes.Length : 0;
        }

        if (borrowed == 0)
        {
            return;
        }

        var block = new OwnedBlock(ArrayPool<byte>.Shared.Rent(borrowed));
        var filled = 0;
        for (var i = 0; i < _pieces.Count; i++)
        {
            var piece = _pieces[i];
            if (piece.IsBorrowed)
            {
                var own = block.Array.AsMemory(filled, piece.Bytes.Length);
                piece.Bytes.CopyTo(own);
                filled += own.Length;
                block.Pieces++;
                _pieces[i] = new Piece { Bytes = own, Owner = block };
            }
        }
    }

    public void Drop()
    {
        for (var i = _head; i < _pieces.Count; i++)
        {
            Release(_pieces[i]);
        }

        _pieces.Clear();
        _head = 0;
        Bytes = 0;
    }

    private Moved SendMemory(IByteSocket socket)
    {
        var count = 0;
        var offered = 0;
        while (count < MaxPieces && _head + count < _pieces.Count && _pieces[_head + count].File is null)
        {
            _vector[count] = _pieces[_head + count].Bytes;
            offered += _vector[count].Length;
            count++;
        }

        var isMore = _head + count < _pieces.Count;
        var moved = socket.Send(_vector.AsSpan(0, count), isMore, out var sent);
        Bytes -= sent;
        var left = sent;
        while (left > 0)
        {
            var piece = _pieces[_head];
            if (left < piece.Bytes.Length)
            {
                _pieces[_head] = piece with { Bytes = piece.Bytes[left..] };
                break;
            }

            left -= piece.Bytes.Length;
            Advance();
        }

        return moved == Moved.Some && sent < offered ? Moved.Blocked : moved;
    }

    private Moved SendSlice(IByteSocket socket, NodeDisk disk, ref ColdSlice cold)
    {
        var piece = _pieces[_head];
        var chunk = Math.Min(piece.Length, ColdCheckBytes);
        if (!piece.IsWarm && !disk.IsWarm(piece.File!, piece.Position, chunk))
        {
            // Whoever warmed it may find it cold again under memory pressure; the second time it is sent all the same.
            cold = new ColdSlice(piece.File!, piece.Position, chunk);
            _pieces[_head] = piece with { IsWarm = true };
            return Moved.Blocked;
        }

        var moved = socket.SendSlice(piece.File!, piece.Position, piece.Length, out var sent);
        Bytes -= sent;
        if (sent == piece.Length)
        {
            Advance();
        }
        else if (sent > 0)
        {
            var crossed = piece.Position / ColdCheckBytes != (piece.Position + sent) / ColdCheckBytes;
            _pieces[_head] = piece with
            {
                Position = piece.Position + sent,
                Length = piece.Length - sent,
                IsWarm = !crossed,
            };
        }

        return moved;
    }

    private void Advance()
    {
        Release(_pieces[_head]);
        _pieces[_head] = default;
        _head++;
    }

    private static void Release(in Piece piece)
    {
        piece.File?.Release();
        if (piece.Owner is { } owner && --owner.Pieces == 0)
        {
            ArrayPool<byte>.Shared.Return(owner.Array);
        }
    }

    /// <summary>How much of a slice is looked at, and warmed, at a time.</summary>
    private const int ColdCheckBytes = 1 << 20;

    private readonly record struct Piece
    {
        public ReadOnlyMemory<byte> Bytes { get; init; }

        public OwnedBlock? Owner { get; init; }

        public SharedHandle? File { get; init; }

        public long Position { get; init; }

        public int Length { get; init; }

        /// <summary>The page cache was asked about this part of the slice.</summary>
        public bool IsWarm { get; init; }

        public bool IsBorrowed => File is null && Owner is null;
    }

    private sealed class OwnedBlock
    {
        public OwnedBlock(byte[] array)
        {
            Array = array;
        }

        public byte[] Array { get; }

        /// <summary>Pieces that still point into it.</summary>
        public int Pieces { get; set; }
    }
}

/// <summary>Part of a file that has to be read from the disk before it can be sent without waiting.</summary>
internal readonly record struct ColdSlice(SharedHandle? File, long Position, int Length)
{
    public bool IsNone => File is null;
}
