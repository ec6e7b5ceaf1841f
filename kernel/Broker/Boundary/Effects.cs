using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>
/// What one step, or several, asks of the world, in order. Filled by the kernel, drained by a runtime, reused: after
/// the first few steps recording allocates nothing.
/// </summary>
/// <remarks>
/// One rule of life: all memory that an effect points at (lent frames, bytes from <see cref="Take"/>) is valid until
/// <see cref="Clear"/>. A runtime that cannot finish an effect by then copies what is left of it.
/// A runtime may step several inputs before it drains, but must look at Pause after every Received.
/// </remarks>
public sealed class Effects
{
    private readonly List<(EffectKind Kind, int Index)> _order = new(64);
    private readonly List<Send> _sends = new(16);
    private readonly List<SendPart> _parts = new(64);
    private readonly List<Dial> _dials = [];
    private readonly List<Close> _closes = [];
    private readonly List<Pause> _pauses = [];
    private readonly List<Resume> _resumes = [];
    private readonly List<Name> _names = [];
    private readonly List<Forget> _forgets = [];
    private readonly List<Append> _appends = new(16);
    private readonly List<Truncate> _truncates = [];
    private readonly List<Flush> _flushes = new(16);
    private readonly List<Read> _reads = [];
    private readonly List<Rename> _renames = [];
    private readonly List<Delete> _deletes = [];
    private readonly List<Wake> _wakes = [];
    private readonly List<Note> _notes = new(16);
    private readonly List<Probe> _probes = [];
    private readonly List<Halt> _halts = [];
    private readonly Arena _arena = new();

    /// <summary>Effects recorded since the last <see cref="Clear"/>.</summary>
    public int Count => _order.Count;

    public EffectKind KindAt(int position) => _order[position].Kind;

    public Send SendAt(int position) => _sends[IndexAt(position, EffectKind.Send)];

    public SendPart Part(int index) => _parts[index];

    public Dial DialAt(int position) => _dials[IndexAt(position, EffectKind.Dial)];

    public Close CloseAt(int position) => _closes[IndexAt(position, EffectKind.Close)];

    public Pause PauseAt(int position) => _pauses[IndexAt(position, EffectKind.Pause)];

    public Resume ResumeAt(int position) => _resumes[IndexAt(position, EffectKind.Resume)];

    public Name NameAt(int position) => _names[IndexAt(position, EffectKind.Name)];

    public Forget ForgetAt(int position) => _forgets[IndexAt(position, EffectKind.Forget)];

    public Append AppendAt(int position) => _appends[IndexAt(position, EffectKind.Append)];

    public Truncate TruncateAt(int position) => _truncates[IndexAt(position, EffectKind.Truncate)];

    public Flush FlushAt(int position) => _flushes[IndexAt(position, EffectKind.Flush)];

    public Read ReadAt(int position) => _reads[IndexAt(position, EffectKind.Read)];

    public Rename RenameAt(int position) => _renames[IndexAt(position, EffectKind.Rename)];

    public Delete DeleteAt(int position) => _deletes[IndexAt(position, EffectKind.Delete)];

    public Wake WakeAt(int position) => _wakes[IndexAt(position, EffectKind.Wake)];

    public Note NoteAt(int position) => _notes[IndexAt(position, EffectKind.Note)];

    public Probe ProbeAt(int position) => _probes[IndexAt(position, EffectKind.Probe)];

    public Halt HaltAt(int position) => _halts[IndexAt(position, EffectKind.Halt)];

    /// <summary>Memory for bytes an effect will point at: zeroed or not is not promised, valid until Clear.</summary>
    public Memory<byte> Take(int length) => _arena.Take(length);

    /// <summary>Adds one part of the frame that the next <see cref="Send(ConnectionId, int)"/> will send.</summary>
    public void AddPart(ReadOnlyMemory<byte> bytes) => _parts.Add(new SendPart(bytes, default));

    /// <summary>Adds one part of the frame that the next <see cref="Send(ConnectionId, int)"/> will send.</summary>
    public void AddPart(FileSlice slice) => _parts.Add(new SendPart(default, slice));

    /// <summary>Sends the parts added last, <paramref name="partCount"/> of them, as one frame.</summary>
    public void Send(ConnectionId connection, int partCount)
    {
        var first = _parts.Count - partCount;
        var length = 0;
        for (var i = first; i < _parts.Count; i++)
        {
            length += _parts[i].Length;
        }

        Record(EffectKind.Send, _sends, new Send(connection, first, partCount, length));
    }

    public void Add(in Dial effect) => Record(EffectKind.Dial, _dials, effect);

    public void Add(in Close effect) => Record(EffectKind.Close, _closes, effect);

    public void Add(in Pause effect) => Record(EffectKind.Pause, _pauses, effect);

    public void Add(in Resume effect) => Record(EffectKind.Resume, _resumes, effect);

    public void Add(in Name effect) => Record(EffectKind.Name, _names, effect);

    public void Add(in Forget effect) => Record(EffectKind.Forget, _forgets, effect);

    public void Add(in Append effect) => Record(EffectKind.Append, _appends, effect);

    public void Add(in Truncate effect) => Record(EffectKind.Truncate, _truncates, effect);

    public void Add(in Flush effect) => Record(EffectKind.Flush, _flushes, effect);

    public void Add(in Read effect) => Record(EffectKind.Read, _reads, effect);

    public void Add(in Rename effect) => Record(EffectKind.Rename, _renames, effect);

    public void Add(in Delete effect) => Record(EffectKind.Delete, _deletes, effect);

    public void Add(in Wake effect) => Record(EffectKind.Wake, _wakes, effect);

    public void Add(in Note effect) => Record(EffectKind.Note, _notes, effect);

    public void Add(in Halt effect) => Record(EffectKind.Halt, _halts, effect);

    /// <summary>Marks a branch worth reaching.</summary>
    public void Reached(ProbePoint point) => Record(EffectKind.Probe, _probes, new Probe(point));

    /// <summary>Forgets everything; memory handed out by <see cref="Take"/> may be used again.</summary>
    public void Clear()
    {
        _order.Clear();
        _sends.Clear();
        _parts.Clear();
        _dials.Clear();
        _closes.Clear();
        _pauses.Clear();
        _resumes.Clear();
        _names.Clear();
        _forgets.Clear();
        _appends.Clear();
        _truncates.Clear();
        _flushes.Clear();
        _reads.Clear();
        _renames.Clear();
        _deletes.Clear();
        _wakes.Clear();
        _notes.Clear();
        _probes.Clear();
        _halts.Clear();
        _arena.Reset();
    }

    /// <summary>One effect in one line, as traces show it.</summary>
    public string Describe(int position) => KindAt(position) switch
    {
        EffectKind.Send => SendAt(position).ToString(),
        EffectKind.Dial => DialAt(position).ToString(),
        EffectKind.Close => CloseAt(position).ToString(),
        EffectKind.Pause => PauseAt(position).ToString(),
        EffectKind.Resume => ResumeAt(position).ToString(),
        EffectKind.Name => NameAt(position).ToString(),
        EffectKind.Forget => ForgetAt(position).ToString(),
        EffectKind.Append => AppendAt(position).ToString(),
        EffectKind.Truncate => TruncateAt(position).ToString(),
        EffectKind.Flush => FlushAt(position).ToString(),
        EffectKind.Read => ReadAt(position).ToString(),
        EffectKind.Rename => RenameAt(position).ToString(),
        EffectKind.Delete => DeleteAt(position).ToString(),
        EffectKind.Wake => WakeAt(position).ToString(),
        EffectKind.Note => NoteAt(position).ToString(),
        EffectKind.Probe => ProbeAt(position).ToString(),
        EffectKind.Halt => HaltAt(position).ToString(),
    };

    private int IndexAt(int position, EffectKind kind)
    {
        var (found, index) = _order[position];
        Invariant.Check(found == kind);
        return index;
    }

    private void Record<T>(EffectKind kind, List<T> lane, in T effect)
    {
        _order.Add((kind, lane.Count));
        lane.Add(effect);
    }
}
