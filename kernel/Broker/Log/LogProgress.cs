using System;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Translates how far files have come, in bytes, to how far the log has come, in offsets: written and flushed.
/// </summary>
/// <remarks>
/// Inputs   FileWritten, FileFlushed (of any segment's log file)
///
/// Every append leaves a mark (file, position, offset behind it) in two queues, one for each kind of progress. Only
/// the
/// first mark of a queue is looked at: if a later segment is flushed before an earlier one, nothing moves, so the
/// offsets
/// never pass a hole.
/// </remarks>
internal sealed class LogProgress : IFileOwner
{
    private readonly MarkQueue _written = new();
    private readonly MarkQueue _flushed = new();

    public Offset Written { get; private set; }

    public Offset Flushed { get; private set; }

    /// <summary>Until then nothing counts as flushed: the directory's identity is not durable yet.</summary>
    public bool IsHeldBack { get; set; }

    /// <summary>Told when one of the two has moved.</summary>
    public Action<Now>? Advanced { get; set; }

    /// <summary>Everything below is written and flushed, as the log is opened or cut.</summary>
    public void Reset(Offset end)
    {
        _written.Clear();
        _flushed.Clear();
        Written = end;
        Flushed = end;
    }

    public void Appended(OpenFile file, Offset next)
    {
        _written.Add(new Mark(file, file.Length, next));
        _flushed.Add(new Mark(file, file.Length, next));
    }

    public void FileWritten(OpenFile file, in Now now)
    {
        if (TakeWritten())
        {
            Advanced?.Invoke(now);
        }
    }

    public void FileFlushed(OpenFile file, in Now now)
    {
        if (IsHeldBack)
        {
            return;
        }

        var hasMoved = TakeWritten();
        while (_flushed.TryPeek(out var mark) && mark.File.Flushed >= mark.Position)
        {
            _flushed.Remove();
            Flushed = mark.Next;
            hasMoved = true;
        }

        if (hasMoved)
        {
            Advanced?.Invoke(now);
        }
    }

    private bool TakeWritten()
    {
        var hasMoved = false;
        while (_written.TryPeek(out var mark) && mark.File.Written >= mark.Position)
        {
            _written.Remove();
            Written = mark.Next;
            hasMoved = true;
        }

        return hasMoved;
    }

    /// <summary>When this file has come to this position, the log has come to this offset.</summary>
    private readonly record struct Mark(OpenFile File, long Position, Offset Next);

    /// <summary>
    /// Marks in order. A full queue makes the newest mark stand for the one that comes: progress is told later.
    /// </summary>
    private sealed class MarkQueue
    {
        /// <summary>Bound: appends under way that are told apart.</summary>
        private const int Capacity = 1024;

        private const int FirstCapacity = 8;

        private Mark[] _marks = [];
        private int _start;
        private int _count;

        public void Add(in Mark mark)
        {
            if (_count == _marks.Length && _count < Capacity)
            {
                Grow();
            }

            // A mark of another file cannot be stood for: its file might never be looked at again. Then the queue
            // grows.
            if (_count == _marks.Length)
            {
                ref var last = ref At(_count - 1);
                if (ReferenceEquals(last.File, mark.File))
                {
                    last = mark;
                    return;
                }

                Grow();
            }

            At(_count) = mark;
            _count++;
        }

        public bool TryPeek(out Mark mark)
        {
            mark = _count == 0 ? default : At(0);
            return _count > 0;
        }

        public void Remove()
        {
            At(0) = default;
            _start = (_start + 1) % _marks.Length;
            _count--;
        }

        public void Clear()
        {
            _marks = [];
            _start = 0;
            _count = 0;
        }

        private ref Mark At(int index) => ref _marks[(_start + index) % _marks.Length];

        private void Grow()
        {
            var grown = new Mark[Math.Max(FirstCapacity, _marks.Length * 2)];
            for (var i = 0; i < _count; i++)
            {
                grown[i] = At(i);
            }

            _marks = grown;
            _start = 0;
        }
    }
}
