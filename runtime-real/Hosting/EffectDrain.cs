using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>
/// Carries out what the kernel asked for, coalesced: all appends of a round become one vectored write for each file,
/// all
/// answers to one connection one vectored send.
/// </summary>
/// <remarks>
/// Order: appends are only queued while walking; they are written before the answers leave and before anything that
/// could notice. Truncate, Rename and Delete are barriers: what was asked before them is carried out first. Written is
/// told to the kernel in the same round, and what it answers is carried out in the same round too.
/// </remarks>
internal sealed class EffectDrain
{
    private readonly Effects _effects;
    private readonly NodeDisk _disk;
    private readonly NodeSockets _sockets;
    private readonly InputSink _input;
    private readonly Action<Note> _onNote;
    private readonly List<FileSlot> _written = [];
    private readonly List<FileId> _flushes = [];
    private int _next;

    public EffectDrain(
        Effects effects, NodeDisk disk, NodeSockets sockets, InputSink input, Action<Note> onNote)
    {
        _effects = effects;
        _disk = disk;
        _sockets = sockets;
        _input = input;
        _onNote = onNote;
    }

    /// <summary>When the kernel wants its next Tick.</summary>
    public Instant WakeAt { get; set; } = Instant.Never;

    /// <summary>The kernel has stopped.</summary>
    public Halt? Halted { get; private set; }

    /// <summary>Everything recorded, and everything that follows from it; then the effects are cleared.</summary>
    public void CarryOut()
    {
        _next = 0;
        do
        {
            Walk(_effects.Count);
            WriteAndFlush();
            TellWritten();
            if (_next == _effects.Count)
            {
                _disk.Submit();
                _sockets.SendAll();
            }
        }
        while (_next < _effects.Count);

        _effects.Clear();
        _sockets.Settle();
    }

    private void Walk(int end)
    {
        while (_next < end)
        {
            var at = _next++;
            switch (_effects.KindAt(at))
            {
                case EffectKind.Send:
                    _sockets.Send(_effects.SendAt(at), _effects);
                    break;
                case EffectKind.Dial:
                    _sockets.Dial(_effects.DialAt(at));
                    break;
                case EffectKind.Close:
                    _sockets.Close(_effects.CloseAt(at).Connection);
                    break;
                case EffectKind.Append:
                    _disk.Append(_effects.AppendAt(at));
                    break;
                case EffectKind.Flush:
                    _flushes.Add(_effects.FlushAt(at).File);
                    break;
                case EffectKind.Wake:
                    WakeAt = _effects.WakeAt(at).At;
                    break;
                case EffectKind.Note:
                    _onNote(_effects.NoteAt(at));
                    break;
                case EffectKind.Halt:
                    Halted ??= _effects.HaltAt(at);
                    break;
                case EffectKind.Pause or EffectKind.Resume or EffectKind.Probe:
                    break;
                case EffectKind.Name or EffectKind.Forget or EffectKind.Truncate or EffectKind.Read
                    or EffectKind.Rename or EffectKind.Delete:
                    WalkRare(at);
                    break;
                default:
                    throw new InvariantBrokenException("an effect of unknown kind");
            }
        }
    }

    private void WalkRare(int at)
    {
        switch (_effects.KindAt(at))
        {
            case EffectKind.Name:
                var name = _effects.NameAt(at);
                _disk.Files.Name(name.File, name.Path);
                break;
            case EffectKind.Forget:
                WriteAndFlush();
                _disk.Files.Forget(_effects.ForgetAt(at).File);
                break;
            case EffectKind.Read:
                _disk.WriteQueued(_written);
                _disk.Read(_effects.ReadAt(at));
                break;
            case EffectKind.Truncate:
                Barrier();
                _disk.Truncate(_effects.TruncateAt(at));
                break;
            case EffectKind.Rename:
                Barrier();
                _disk.Rename(_effects.RenameAt(at));
                break;
            default:
                Barrier();
                _disk.Delete(_effects.DeleteAt(at));
                break;
        }
    }

    private void Barrier()
    {
        WriteAndFlush();
        _sockets.SendAll();
    }

    /// <summary>
    /// Flushes wait for the walk's end, so that one write for a file comes before them, not one for each.
    /// </summary>
    private void WriteAndFlush()
    {
        _disk.WriteQueued(_written);
        foreach (var file in _flushes)
        {
            _disk.Flush(file);
        }

        _flushes.Clear();
    }

    private void TellWritten()
    {
        if (_disk.Failure is null)
        {
            foreach (var slot in _written)
            {
                _input(Input.Written(slot.Id, slot.Written));
            }
        }

        _written.Clear();
    }
}
