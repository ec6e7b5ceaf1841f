using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Time;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>
/// One node's disk: carries out the disk effects of the boundary against a page cache and a platter kept apart, and
/// answers
/// each after a latency of its own. Knows no event loop: who owns it asks when the next answer is due and takes it.
/// </summary>
/// <remarks>
/// Effects  Name, Forget, Append, Truncate, Flush, Read, Rename, Delete (<see cref="Execute"/>)
/// Inputs   Written, Flushed, ReadDone, NamesChanged, DiskFailed (<see cref="TryTake"/>)
///
/// Requests are carried out one after the other, some time after they were asked for: a killed process loses those not
/// carried out yet, and only a power loss loses what stands in the cache. Flushes and directory syncs run beside later
/// requests. Who reads a slice sees everything asked for before, as a runtime that writes before it sends does.
/// </remarks>
public sealed class SimulatedDisk
{
    private readonly DiskOptions _options;
    /// <summary>A flush failed since the host started: the cache shows as clean what is not on the platter.</summary>
    private bool _cacheLies;

    private readonly Prng _prng;
    private readonly NameTable _names = new();
    private readonly HandleTable _handles = new();
    private readonly Queue<Request> _requests = new();
    private readonly EventQueue<Answer> _answers = new();
    private Instant _busyUntil;
    private int _barriers;
    private FileId _latestFile;
    private long _used;

    public SimulatedDisk(DiskOptions options, Prng prng)
    {
        _options = options;
        _prng = prng;
    }

    public DiskFaults Faults { get; } = new();

    /// <summary>
    /// True once a write or flush has failed: nothing more is promised of this disk's unflushed bytes.
    /// </summary>
    public bool HasFailed { get; private set; }

    /// <summary>When the next answer is due, or <see cref="Instant.Never"/>.</summary>
    public Instant NextDue =>
        Instant.Min(_requests.Count > 0 ? _requests.Peek().DueAt : Instant.Never, _answers.NextAt);

    /// <summary>Bytes in the cache that a power loss may take.</summary>
    public long Unflushed
    {
        get
        {
            var sum = 0L;
            foreach (var (_, file) in _names.Now)
            {
                sum += file.Unflushed;
            }

            return sum;
        }
    }

    /// <summary>Every file by path, in ordinal order, as readers see them now.</summary>
    public IReadOnlyCollection<KeyValuePair<string, SimulatedFile>> Files => _names.Now;

    /// <summary>What a node that starts now finds.</summary>
    public DiskImage Image()
    {
        var entries = new List<DiskEntry>(_names.Now.Count);
        foreach (var (path, file) in _names.Now)
        {
            entries.Add(new DiskEntry(path, file.Length));
        }

        return new DiskImage(entries);
    }

    /// <summary>The file of that name now; null where there is none.</summary>
    public SimulatedFile? Find(string path) => _names.Find(path);

    /// <summary>What has this name on the platter.</summary>
    public SimulatedFile? FindDurable(string path) => _names.FindDurable(path);

    /// <summary>A file's bytes as a reader sees them now; null where there is none of that path.</summary>
    public byte[]? Content(string path) => _names.Find(path)?.Content.ToArray();

    /// <summary>
    /// Puts a file there, durable, as if it had always been: for worlds that begin with a filled disk.
    /// </summary>
    public void Place(string path, ReadOnlySpan<byte> bytes)
    {
        var file = new SimulatedFile();
        file.Stage(bytes);
        file.Extend(bytes.Length);
        file.MakeDurable(bytes.Length, file.Cuts);
        _names.MakeDurable(_names.Create(path, file));
    }

    /// <summary>Takes one effect of the disk; false where it is of another kind.</summary>
    public bool Execute(Effects effects, int position, Instant now)
    {
        switch (effects.KindAt(position))
        {
            case EffectKind.Name:
                var name = effects.NameAt(position);
                _handles.Add(name.File.Value, name.Path);
                _latestFile = name.File;
                return true;
            case EffectKind.Forget:
                Ask(new Request(EffectKind.Forget) { File = effects.ForgetAt(position).File }, now, Duration.Zero);
                return true;
            case EffectKind.Append:
                AskAppend(effects.AppendAt(position), now);
                return true;
            case EffectKind.Truncate:
                var cut = effects.TruncateAt(position);
                AskBarrier(new Request(EffectKind.Truncate) { File = cut.File, Position = cut.Length }, now);
                return true;
            case EffectKind.Flush:
                var flush = effects.FlushAt(position);
                Ask(new Request(EffectKind.Flush) { File = flush.File }, now, Duration.Zero);
                return true;
            case EffectKind.Read:
                var read = effects.ReadAt(position);
                var request = new Request(EffectKind.Read)
                {
                    File = read.File,
                    Ticket = read.Ticket,
                    Position = read.Position,
                    Length = read.Length,
                };
                Ask(request, now, Duration.Zero);
                return true;
            case EffectKind.Rename:
                var rename = effects.RenameAt(position);
                var (ticket, from, to) = (rename.Ticket, rename.From, rename.To);
                AskBarrier(
                    new Request(EffectKind.Rename) { File = _latestFile, Ticket = ticket, From = from, To = to }, now);
                return true;
            case EffectKind.Delete:
                var delete = effects.DeleteAt(position);
                AskBarrier(
                    new Request(EffectKind.Delete) { File = _latestFile, Ticket = delete.Ticket, From = delete.Path }, now);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The next answer, if it is due by <paramref name="now"/>. Ask again until there is none.</summary>
    public bool TryTake(Instant now, out Input answer)
    {
        while (_requests.Count > 0 && _requests.Peek().DueAt <= now && _requests.Peek().DueAt <= _answers.NextAt)
        {
            CarryOutNext();
        }

        if (_answers.TryTake(now, out _, out var due))
        {
            Settle(due);
            answer = due.Input;
            return true;
        }

        answer = default;
        return false;
    }

    /// <summary>Reads what a Send effect points at. Everything asked for before has happened to it.</summary>
    public void ReadSlice(in FileSlice slice, Span<byte> into)
    {
        var handle = _handles[slice.File.Value];
        var file = FileOf(handle);
        while (_requests.Count > 0 && (file is null || file.Length < slice.Position + slice.Length))
        {
            CarryOutNext();
            file = FileOf(handle);
        }

        Invariant.Check(file is not null && slice.Position + slice.Length <= file.Length);
        file.Content.Slice((int)slice.Position, slice.Length).CopyTo(into);
    }

    /// <summary>A process that ends in good order has carried out everything it asked for.</summary>
    public void Settle() => CarryOutAll();

    /// <summary>
    /// The process is gone without warning. Some of what it asked for last was still carried out; the cache survives.
    /// </summary>
    public void LoseProcess()
    {
        var carriedOut = _requests.Count == 0 ? 0 : _prng.Next(_requests.Count + 1);
        for (var i = 0; i < carriedOut; i++)
        {
            CarryOutNext();
        }

        Faults.LostRequests += _requests.Count;
        if (_requests.TryPeek(out var torn) && torn.Kind == EffectKind.Append && _prng.OneIn(2))
        {
            ExtendPartly(torn);
        }

        Disconnect();
        if (_cacheLies)
        {
            // A process started again on this cache would believe what was never written, and no flush would write it:
            // the cache takes it for clean. Only starting the host again helps (docs/running.md).
            LosePower();
        }
    }

    /// <summary>The power is gone: what was not flushed survives in part, or not at all.</summary>
    public void LosePower()
    {
        _cacheLies = false;
        var style = _prng.Next(6) switch
        {
            0 => PowerLossStyle.LoseAll,
            1 => PowerLossStyle.KeepAll,
            _ => PowerLossStyle.Mixed,
        };
        LoseProcess();
        _names.LosePower(_prng, style, Faults);
        foreach (var (_, file) in _names.Now)
        {
            var before = file.Length;
            file.LosePower(_prng, style, Faults, _prng.Chance(_options.BitRot));
            Faults.LostTails += file.Length < before ? 1 : 0;
        }

        Recount();
    }

    /// <summary>Everything is gone: a replaced disk.</summary>
    public void Wipe()
    {
        Disconnect();
        foreach (var entry in Image().Files)
        {
            _names.MakeDurable(_names.Delete(entry.Path));
        }

        _used = 0;
    }

    /// <summary>One bit of a file that was flushed is another one from now on, in the cache and below it.</summary>
    public void Rot(string path, long position, int bit)
    {
        _names.Find(path)!.Rot(position, bit);
        Faults.BitFlips++;
    }

    /// <summary>Every file as it stands in the cache, to be put back with <see cref="Place"/> on a wiped disk.</summary>
    public List<(string Path, byte[] Bytes)> Copy()
    {
        var copy = new List<(string, byte[])>(_names.Now.Count);
        foreach (var (path, file) in _names.Now)
        {
            copy.Add((path, file.Content.ToArray()));
        }

        return copy;
    }

    private void Disconnect()
    {
        while (_requests.TryDequeue(out var request))
        {
            if (request.Kind == EffectKind.Append)
            {
                FileOf(_handles[request.File.Value])?.Unstage();
            }
        }

        _answers.Clear();
        _handles.Clear();
        _barriers = 0;
        _busyUntil = Instant.Zero;
    }

    private void AskAppend(in Append append, Instant now)
    {
        if (_barriers > 0)
        {
            // What a cut, rename or delete still in the queue will do decides where these bytes go.
            CarryOutAll();
        }

        var handle = _handles[append.File.Value];
        var file = FileOf(handle);
        if (file is null)
        {
            file = new SimulatedFile();
            file.CreatedBy = _names.Create(handle.Path, file);
            handle.File = file;
        }

        Invariant.Check(append.Position == file.StagedLength);
        file.Stage(append.Bytes.Span);
        var request = new Request(EffectKind.Append)
        {
            File = append.File,
            Position = append.Position,
            Length = append.Bytes.Length,
        };
        Ask(request, now, _options.Write.Draw(_prng));
    }

    private void AskBarrier(in Request request, Instant now)
    {
        _barriers++;
        Ask(request, now, Duration.Zero);
    }

    private void Ask(in Request request, Instant now, Duration takes)
    {
        _busyUntil = (_busyUntil > now ? _busyUntil : now) + takes;
        _requests.Enqueue(request with { DueAt = _busyUntil });
    }

    private void CarryOutAll()
    {
        while (_requests.Count > 0)
        {
            CarryOutNext();
        }
    }

    private void CarryOutNext()
    {
        var request = _requests.Dequeue();
        switch (request.Kind)
        {
            case EffectKind.Forget:
                _handles.Remove(request.File.Value);
                break;
            case EffectKind.Append:
                CarryOutAppend(request);
                break;
            case EffectKind.Truncate:
                _barriers--;
                CarryOutTruncate(request);
                break;
            case EffectKind.Flush:
                CarryOutFlush(request);
                break;
            case EffectKind.Read:
                CarryOutRead(request);
                break;
            default:
                _barriers--;
                CarryOutNames(request);
                break;
        }
    }

    private void CarryOutAppend(in Request request)
    {
        var file = FileOf(_handles[request.File.Value])!;
        if (_prng.Chance(_options.FailedWrite))
        {
            Faults.FailedWrites++;
            Fail(request, "Input/output error");
            return;
        }

        if (_used + request.Length > _options.Capacity)
        {
            Faults.DiskFull++;
            Fail(request, "No space left on device");
            return;
        }

        _used += request.Length;
        file.Extend(request.Position + request.Length);
        Add(request.DueAt, new Answer(Input.Written(request.File, file.Length)));
    }

    private void Fail(in Request request, string reason)
    {
        HasFailed = true;
        ExtendPartly(request);
        Add(request.DueAt, new Answer(Input.DiskFailed(request.File, reason)));
    }

    private void ExtendPartly(in Request request)
    {
        var file = FileOf(_handles[request.File.Value]);
        if (file is not null && file.Length == request.Position)
        {
            file.Extend(request.Position + _prng.Between(0, request.Length));
        }
    }

    private void CarryOutTruncate(in Request request)
    {
        var file = FileOf(_handles[request.File.Value]);
        if (file is not null)
        {
            _used -= file.Length - request.Position;
            file.Truncate(request.Position, _prng);
        }
    }

    private void CarryOutFlush(in Request request)
    {
        var file = FileOf(_handles[request.File.Value]);
        var due = request.DueAt + _options.Flush.Draw(_prng);
        if (file is not null && _prng.Chance(_options.FailedFlush))
        {
            Faults.FailedFlushes++;
            HasFailed = true;
            _cacheLies = true;
            file.LoseUnflushed();
            Add(due, new Answer(Input.DiskFailed(request.File, "flush: Input/output error")));
            return;
        }

        var length = file?.Length ?? 0;
        var cuts = file?.Cuts ?? 0;
        Add(due, new Answer(Input.Flushed(request.File, length)) { File = file, Length = length, Cuts = cuts });
    }

    private void CarryOutRead(in Request request)
    {
        var file = FileOf(_handles[request.File.Value]);
        var available = file is null ? 0 : Math.Max(0, Math.Min(request.Length, file.Length - request.Position));
        var bytes = available == 0 ? [] : file!.Content.Slice((int)request.Position, (int)available).ToArray();
        Add(request.DueAt + _options.Read.Draw(_prng), new Answer(Input.ReadDone(request.Ticket, bytes)));
    }

    private void CarryOutNames(in Request request)
    {
        var isRename = request.Kind == EffectKind.Rename;
        var change = isRename ? _names.Rename(request.From!, request.To!) : _names.Delete(request.From!);
        // A file that was named after the change was asked for is the one that the path means behind it.
        _handles.Follow(request.From!, isRename ? request.To : null, request.File.Value);
        if (_options.Capacity < long.MaxValue)
        {
            Recount();
        }

        var due = request.DueAt + _options.Names.Draw(_prng);
        Add(due, new Answer(Input.NamesChanged(request.Ticket)) { Change = change });
    }

    private void Recount()
    {
        _used = 0;
        foreach (var (_, file) in _names.Now)
        {
            _used += file.Length;
        }
    }

    private void Add(Instant due, in Answer answer) => _answers.Add(due, answer);

    /// <summary>The moment an answer leaves is the moment its promise begins to hold.</summary>
    private void Settle(in Answer answer)
    {
        if (answer.Input.Kind == InputKind.NamesChanged)
        {
            _names.MakeDurable(answer.Change);
            return;
        }

        if (answer.Input.Kind != InputKind.Flushed || answer.File is not { } file)
        {
            return;
        }

        if (_prng.Chance(_options.LostWrite) && file.LosePage(_prng, answer.Length, out _))
        {
            Faults.LostWrites++;
        }

        if (_prng.Chance(_options.MisdirectedWrite) && file.LosePage(_prng, answer.Length, out var at))
        {
            Misdirect(file, at);
        }

        file.MakeDurable(answer.Length, answer.Cuts);
        _names.MakeDurable(file.CreatedBy);
    }

    private void Misdirect(SimulatedFile from, long at)
    {
        Faults.MisdirectedWrites++;
        var page = from.Content.Slice((int)at, (int)Math.Min(SimulatedFile.PageBytes, from.Length - at));
        var victim = _prng.Next(_names.Now.Count);
        foreach (var (_, file) in _names.Now)
        {
            if (victim-- == 0)
            {
                var pages = (int)(file.Length / SimulatedFile.PageBytes) + 1;
                file.Misdirect((long)_prng.Next(pages) * SimulatedFile.PageBytes, page);
            }
        }
    }

    private SimulatedFile? FileOf(Handle handle) => handle.File ??= _names.Find(handle.Path);

    private readonly record struct Request(EffectKind Kind)
    {
        public Instant DueAt { get; init; }

        public FileId File { get; init; }

        public long Ticket { get; init; }

        public long Position { get; init; }

        public int Length { get; init; }

        public string? From { get; init; }

        public string? To { get; init; }
    }

    private readonly record struct Answer(Input Input)
    {
        public SimulatedFile? File { get; init; }

        public long Length { get; init; }

        public int Cuts { get; init; }

        public long Change { get; init; }
    }
}
