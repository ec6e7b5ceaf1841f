using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>One step of the node this host runs.</summary>
internal delegate void StepFunction(in Now now, in Input input);

/// <summary>What a host needs to know of its node, and to whom it tells what happens.</summary>
internal sealed record NodeHostOptions
{
    public required string Name { get; init; }

    public required string DataPath { get; init; }

    public required NodeLimits Limits { get; init; }

    public required INetwork Network { get; init; }

    public required IDiskCalls DiskCalls { get; init; }

    /// <summary>
    /// Bound and listening. The host owns them from now on.
    /// </summary>
    public required IReadOnlyList<BoundListener> Listeners { get; init; }

    /// <summary>Hears every note, on the node's thread.</summary>
    public required Action<Note> OnNote { get; init; }
}

/// <summary>A socket that listens for the node's listener of this index; a listener may have several.</summary>
internal sealed record BoundListener(IListeningSocket Socket, int Listener);

/// <summary>How a node ended.</summary>
internal sealed record NodeEnd(string Why, bool IsClean, Exception? Error = null, string? FlightRecord = null);

/// <summary>
/// One node's thread. It runs to completion: polls its sockets, hands each whole frame to the kernel where it lies,
/// then
/// carries out what the kernel asked for: writes, then answers. Only flushes and cold reads happen elsewhere.
/// </summary>
/// <remarks>
/// Order within a round: answers of helpers, the tick, sockets; then effects. Effects are cleared, and lent memory
/// moves,
/// only when all of them are carried out or copied. Whatever escapes from a step stops the node: its state is not
/// known.
/// </remarks>
internal sealed class NodeHost : IDisposable
{
    private const long SweepMicroseconds = 1_000_000;

    /// <summary>Bound: effects carried out, frames lent, before the sockets are looked at again.</summary>
    private const long LentBytesPerDrain = 4L << 20;

    private readonly NodeHostOptions _options;
    private readonly Effects _effects;
    private readonly StepFunction _step;
    private readonly FlightRecorder _recorder = new();
    private readonly CompletionRing _completions;
    private readonly NodeDisk _disk;
    private readonly NodeSockets _sockets;
    private readonly EffectDrain _drain;
    private readonly Readiness[] _ready = new Readiness[256];
    private readonly TaskCompletionSource<NodeEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Completion> _taken = [];
    private Now _now;
    private long _sweptAt;
    private int _stepsSinceDrain;
    private bool _toldDiskFailure;
    private bool _isStarted;
    private bool _isKilled;

    public NodeHost(NodeHostOptions options, Effects effects, StepFunction step)
    {
        _options = options;
        _effects = effects;
        _step = step;
        _completions = new CompletionRing(options.Network.Wake);
        _disk = new NodeDisk(
            options.DataPath, options.DiskCalls, _completions, options.Name, options.Limits.MaxOpenFiles);
        _sockets = new NodeSockets(options.Network, options.Limits, _disk, Step, new Dialler(_completions));
        _drain = new EffectDrain(effects, _disk, _sockets, Step, options.OnNote);
    }

    /// <summary>Completes when the node's thread has ended and let go of everything.</summary>
    public Task<NodeEnd> Ended => _end.Task;

    public NodeSockets Sockets => _sockets;

    public void Start()
    {
        Invariant.Check(!_isStarted);
        _isStarted = true;
        var thread = new Thread(Run) { Name = _options.Name, IsBackground = true };
        thread.Start();
    }

    /// <summary>Only for a host that was never started: one that was lets go of everything at its end.</summary>
    public void Dispose()
    {
        if (!_isStarted)
        {
            _isStarted = true;
            Release();
        }
    }

    /// <summary>Any thread: asks the kernel to finish.</summary>
    public void RequestStop() => _completions.Add(new Completion(CompletionKind.StopRequested));

    /// <summary>Any thread: ends the node at once, as a killed process ends.</summary>
    public void RequestKill() => _completions.Add(new Completion(CompletionKind.KillRequested));

    private void Run()
    {
        NodeEnd end;
        try
        {
            end = RunToEnd();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nothing may escape a step. What did is a defect of ours; the state is not to be trusted after it.
            var why = (e is InvariantBrokenException ? "invariant broken" : e.GetType().Name) + ": " + e.Message;
            end = new NodeEnd(why, IsClean: false, e);
        }

        if (!end.IsClean && !_isKilled)
        {
            end = end with { FlightRecord = _recorder.Dump(_options.DataPath, end.Why + "\n" + end.Error) };
        }

        Release();
        _end.SetResult(end);
    }

    private void Release()
    {
        _sockets.Dispose();
        foreach (var listener in _options.Listeners)
        {
            // Not taken over yet where the node stopped before it listened.
            listener.Socket.Dispose();
        }

        _disk.Dispose();
        _options.Network.Dispose();
    }

    private NodeEnd RunToEnd()
    {
        _now = RealClock.Read();
        _sweptAt = _now.Instant.Microseconds;
        Step(Input.Started(DiskScan.Scan(_options.DataPath)));
        Drain();
        foreach (var listener in _options.Listeners)
        {
            _sockets.Add(listener);
        }

        while (_drain.Halted is null && !_isKilled)
        {
            Round();
        }

        if (_isKilled)
        {
            return new NodeEnd("killed", IsClean: false);
        }

        return new NodeEnd(_drain.Halted!.Value.Why, _drain.Halted.Value.IsClean);
    }

    private void Round()
    {
        var count = _options.Network.Wait(_ready, TimeoutMs());
        _completions.Awake();
        _now = RealClock.Read();
        TakeCompletions();
        if (_drain.WakeAt <= _now.Instant)
        {
            _drain.WakeAt = Instant.Never;
            Step(Input.Tick());
        }

        for (var i = 0; i < count && _drain.Halted is null; i++)
        {
            _sockets.Handle(_ready[i], _now.Instant.Microseconds);
            if (_stepsSinceDrain >= _options.Limits.MaxInputsPerDrain || _sockets.LentBytes >= LentBytesPerDrain)
            {
                Drain();
                _now = RealClock.Read();
            }
        }

        _sockets.HandleHeldBack();
        if (_now.Instant.Microseconds - _sweptAt >= SweepMicroseconds)
        {
            _sweptAt = _now.Instant.Microseconds;
            _sockets.Sweep(_sweptAt);
        }

        Drain();
    }

    private int TimeoutMs()
    {
        if (_sockets.HasWork || _disk.Immediate.Count > 0 || (_disk.Failure is not null && !_toldDiskFailure))
        {
            return 0;
        }

        var now = RealClock.Read().Instant.Microseconds;
        var until = Math.Min(_drain.WakeAt.Microseconds, _sweptAt + SweepMicroseconds) - now;
        var timeout = until <= 0 ? 0 : (int)((until + 999) / 1000);
        return timeout > 0 && !_completions.MaySleep() ? 0 : timeout;
    }

    private void TakeCompletions()
    {
        _taken = _completions.Take(_taken);
        for (var i = 0; i < _taken.Count; i++)
        {
            Complete(_taken[i]);
        }

        _taken.Clear();
    }

    private void Complete(in Completion completion)
    {
        completion.Lease?.Release();
        switch (completion.Kind)
        {
            case CompletionKind.Flushed:
                if (!completion.File.IsNone)
                {
                    Step(Input.Flushed(completion.File, completion.Position));
                }

                break;
            case CompletionKind.ReadDone:
                Step(Input.ReadDone(completion.Ticket, completion.Bytes));
                break;
            case CompletionKind.NamesChanged:
                Step(Input.NamesChanged(completion.Ticket));
                break;
            case CompletionKind.DiskFailed:
                _disk.Fail(completion.File, completion.Reason!);
                break;
            case CompletionKind.KillRequested:
                _isKilled = true;
                break;
            case CompletionKind.StopRequested:
                Step(Input.StopRequested());
                break;
            case CompletionKind.Dialled:
                _sockets.Dialled(completion.Ticket, completion.Socket, _now.Instant.Microseconds);
                break;
            case CompletionKind.Warmed:
                _sockets.Warmed(completion.Ticket);
                break;
            default:
                throw new InvariantBrokenException("a completion of unknown kind");
        }
    }

    private void Drain()
    {
        _drain.CarryOut();
        while (_disk.Immediate.Count > 0 && _drain.Halted is null)
        {
            _taken.AddRange(_disk.Immediate);
            _disk.Immediate.Clear();
            for (var i = 0; i < _taken.Count; i++)
            {
                Complete(_taken[i]);
            }

            _taken.Clear();

            _drain.CarryOut();
        }

        if (_disk.Failure is { } failure && !_toldDiskFailure)
        {
            _toldDiskFailure = true;
            Step(Input.DiskFailed(failure.File, failure.Reason));
            _drain.CarryOut();
        }

        _stepsSinceDrain = 0;
    }

    /// <summary>The one place where the kernel is called. A pause counts from the very next frame on.</summary>
    private void Step(in Input input)
    {
        if (_drain.Halted is not null || _isKilled)
        {
            return;
        }

        _recorder.Record(_now, input);
        var before = _effects.Count;
        _stepsSinceDrain++;
        _step(_now, input);
        for (var i = before; i < _effects.Count; i++)
        {
            switch (_effects.KindAt(i))
            {
                case EffectKind.Pause:
                    _sockets.Pause(_effects.PauseAt(i).Connection);
                    break;
                case EffectKind.Resume:
                    _sockets.Resume(_effects.ResumeAt(i).Connection);
                    break;
                default:
                    break;
            }
        }
    }
}
