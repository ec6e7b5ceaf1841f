using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Tests.Models.RuntimeReal;

/// <summary>
/// A kernel of a few commands that exercises every effect a runtime carries out. The first byte of a frame says what is
/// wanted; every answer begins with its length, as Kafka's do, and is told the frame's second byte back.
/// </summary>
/// <remarks>
/// E echo · W append, answer when written · F append, answer when flushed · S answer with a slice · P pause until
/// the next tick, then echo · C close after answering · X break an invariant · R read a file and answer with its
/// bytes · N rename, answer when durable · D delete, answer when durable · T truncate, then answer.
/// The frame after the two bytes: a byte that names the file, then data, or position and length as two int32.
/// </remarks>
internal sealed class EchoKernel
{
    private sealed class Waiter
    {
        public required ConnectionId Connection { get; init; }

        public required byte Tag { get; init; }

        public required long Position { get; init; }
    }

    private sealed class Open
    {
        public FileId Id { get; set; }

        public long Length { get; set; }

        public bool IsFlushing { get; set; }

        public bool WantsFlush { get; set; }

        public List<Waiter> ForWritten { get; } = [];

        public List<Waiter> ForFlushed { get; } = [];
    }

    private readonly Effects _effects;
    private readonly Dictionary<byte, Open> _files = [];
    private readonly Dictionary<long, (ConnectionId Connection, byte Tag)> _tickets = [];
    private readonly List<(ConnectionId Connection, byte[] Frame)> _paused = [];
    private readonly HashSet<long> _pausedNow = [];
    private DiskImage _image = DiskImage.Empty;
    private int _nextFile = 1;
    private long _nextTicket = 1;

    public EchoKernel(Effects effects)
    {
        _effects = effects;
    }

    public List<string> Log { get; } = [];

    public static string PathOf(byte file) => FormattableString.Invariant($"topic-{file}/00000000000000000000.log");

    public void Step(in Now now, in Input input)
    {
        switch (input.Kind)
        {
            case InputKind.Started:
                _image = input.Image!;
                break;
            case InputKind.Received:
                Invariant.Check(!_pausedNow.Contains(input.Connection.Value));
                Command(now, input.Connection, input.Bytes);
                break;
            case InputKind.Tick:
                EndPauses();
                break;
            case InputKind.Written:
                Answer(input.File, input.Position, static open => open.ForWritten);
                break;
            case InputKind.Flushed:
                Flushed(input.File);
                Answer(input.File, input.Position, static open => open.ForFlushed);
                break;
            case InputKind.ReadDone or InputKind.NamesChanged:
                _tickets.Remove(input.Ticket, out var asked);
                Reply(asked.Connection, asked.Tag, input.Bytes);
                break;
            case InputKind.DiskFailed:
                Log.Add("disk failed: " + input.Text);
                _effects.Add(new Halt("disk failed: " + input.Text, IsClean: false));
                break;
            case InputKind.StopRequested:
                _effects.Add(new Halt("asked to", IsClean: true));
                break;
            case InputKind.Opened or InputKind.Closed:
                Log.Add(input.ToString());
                break;
            default:
                throw new InvalidOperationException();
        }
    }

    private void Command(in Now now, ConnectionId connection, Memory<byte> frame)
    {
        if (frame.Length < 3)
        {
            Reply(connection, 0, frame);
            return;
        }

        var tag = frame.Span[1];
        var file = frame.Span[2];
        var rest = frame[3..];
        switch ((char)frame.Span[0])
        {
            case 'E':
                Reply(connection, tag, rest);
                break;
            case 'W' or 'F':
                Append(connection, tag, file, rest, (char)frame.Span[0] == 'F');
                break;
            case 'S':
                Slice(connection, tag, file, rest.Span);
                break;
            case 'P':
                _effects.Add(new Pause(connection));
                _pausedNow.Add(connection.Value);
                _paused.Add((connection, frame[1..].ToArray()));
                _effects.Add(new Wake(now.Instant + Duration.FromMilliseconds(1)));
                break;
            case 'C':
                Reply(connection, tag, rest);
                _effects.Add(new Close(connection, "asked to"));
                break;
            case 'R':
                var position = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
                var length = BinaryPrimitives.ReadInt32BigEndian(rest.Span[4..]);
                _effects.Add(new Read(Ticket(connection, tag), Find(file).Id, position, length));
                break;
            case 'N':
                _effects.Add(new Rename(Ticket(connection, tag), "topic-" + file, "renamed-" + file));
                break;
            case 'D':
                _files.Remove(file);
                _effects.Add(new Delete(Ticket(connection, tag), "topic-" + file));
                break;
            case 'T':
                Truncate(connection, tag, file, BinaryPrimitives.ReadInt32BigEndian(rest.Span));
                break;
            default:
                Invariant.Check(frame.Span[0] != 'X');
                break;
        }
    }

    private Open Find(byte file)
    {
        if (!_files.TryGetValue(file, out var open))
        {
            var path = PathOf(file);
            open = new Open { Id = new FileId(_nextFile++), Length = Math.Max(0, _image.LengthOf(path)) };
            _files.Add(file, open);
            _effects.Add(new Name(open.Id, path));
        }

        return open;
    }

    private void Append(ConnectionId connection, byte tag, byte file, ReadOnlyMemory<byte> bytes, bool flush)
    {
        var open = Find(file);
        _effects.Add(new Append(open.Id, open.Length, bytes));
        open.Length += bytes.Length;
        var waiter = new Waiter { Connection = connection, Tag = tag, Position = open.Length };
        (flush ? open.ForFlushed : open.ForWritten).Add(waiter);
        if (flush)
        {
            open.WantsFlush = open.IsFlushing;
            if (!open.IsFlushing)
            {
                open.IsFlushing = true;
                _effects.Add(new Flush(open.Id));
            }
        }
    }

    private void Slice(ConnectionId connection, byte tag, byte file, ReadOnlySpan<byte> where)
    {
        var position = BinaryPrimitives.ReadInt32BigEndian(where);
        var length = BinaryPrimitives.ReadInt32BigEndian(where[4..]);
        var head = _effects.Take(5);
        BinaryPrimitives.WriteInt32BigEndian(head.Span, 1 + length);
        head.Span[4] = tag;
        _effects.AddPart(head);
        _effects.AddPart(new FileSlice(Find(file).Id, position, length));
        _effects.Send(connection, 2);
    }

    private void Truncate(ConnectionId connection, byte tag, byte file, int length)
    {
        var open = Find(file);
        _effects.Add(new Truncate(open.Id, length));
        _effects.Add(new Forget(open.Id));
        foreach (var waiter in open.ForWritten)
        {
            // The answer to them would name the number that is given up here.
            Reply(waiter.Connection, waiter.Tag, default);
        }

        open.ForWritten.Clear();
        open.Id = new FileId(_nextFile++);
        open.Length = length;
        _effects.Add(new Name(open.Id, PathOf(file)));
        Reply(connection, tag, default);
    }

    private long Ticket(ConnectionId connection, byte tag)
    {
        _tickets.Add(_nextTicket, (connection, tag));
        return _nextTicket++;
    }

    private void EndPauses()
    {
        var ended = _paused.ToArray();
        _paused.Clear();
        foreach (var (connection, frame) in ended)
        {
            _pausedNow.Remove(connection.Value);
            Reply(connection, frame[0], frame.AsMemory(2));
            _effects.Add(new Resume(connection));
        }
    }

    private void Flushed(FileId file)
    {
        foreach (var open in _files.Values)
        {
            if (open.Id == file)
            {
                open.IsFlushing = open.WantsFlush;
                if (open.WantsFlush)
                {
                    open.WantsFlush = false;
                    _effects.Add(new Flush(file));
                }
            }
        }
    }

    private void Answer(FileId file, long position, Func<Open, List<Waiter>> list)
    {
        foreach (var open in _files.Values)
        {
            if (open.Id == file)
            {
                var waiters = list(open);
                while (waiters.Count > 0 && waiters[0].Position <= position)
                {
                    Reply(waiters[0].Connection, waiters[0].Tag, default);
                    waiters.RemoveAt(0);
                }
            }
        }
    }

    private void Reply(ConnectionId connection, byte tag, ReadOnlyMemory<byte> bytes)
    {
        var head = _effects.Take(5);
        BinaryPrimitives.WriteInt32BigEndian(head.Span, 1 + bytes.Length);
        head.Span[4] = tag;
        _effects.AddPart(head);
        _effects.AddPart(bytes);
        _effects.Send(connection, 2);
    }
}
