using System;
using System.Collections.Generic;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>One thing asked of a broker, again and again until the answer says that it is done.</summary>
/// <param name="Key">The API.</param>
/// <param name="Request">Sent anew with every try.</param>
/// <param name="IsDone">Judges an answer; false means: ask again.</param>
public sealed record AdminTask(ApiKey Key, IMessage Request, Func<IMessage, bool> IsDone)
{
    /// <summary>Bound on the version, for answers that are easier to read in an older one.</summary>
    public short AtMost { get; init; } = short.MaxValue;

    /// <summary>Told at each sending, since a request that got no answer may still have been carried out.</summary>
    public Action? WhenSent { get; init; }
}

/// <summary>One administrator: does its tasks one after the other, each until it is done.</summary>
public sealed class AdminProgram : MachineProgram, IAnswerTo
{
    private static readonly Duration Pause = Duration.FromMilliseconds(100);
    private readonly Queue<AdminTask> _tasks = new();
    private readonly Cluster _cluster;
    private bool _isAsking;
    private Instant _notBefore;
    private long _turn;

    public AdminProgram(ClientOptions options)
    {
        _cluster = new Cluster(options, Effects);
    }

    public bool IsIdle => _tasks.Count == 0;

    public int Done { get; private set; }

    /// <summary>What it is asking for, for humans.</summary>
    public string Waiting => _tasks.TryPeek(out var task) ? $"admin: {task.Request}" : "admin: nothing";

    /// <summary>Does this after everything given before.</summary>
    public void Do(AdminTask task)
    {
        _tasks.Enqueue(task);
        if (Seat is not null)
        {
            Seat.WakeAt(Seat.Now.Instant);
        }
    }

    public void Answered(IMessage response, short version, long token)
    {
        if (token != _turn)
        {
            return;
        }

        _isAsking = false;
        if (_tasks.Peek().IsDone(response))
        {
            Done++;
            _tasks.Dequeue();
        }
        else
        {
            _notBefore = Seat.Now.Instant + Pause;
        }
    }

    public void Lost(long token)
    {
        if (token == _turn)
        {
            _isAsking = false;
            _notBefore = Seat.Now.Instant + Pause;
        }
    }

    protected override void Begin()
    {
    }

    protected override void Take(in Now now, in ClientInput input)
    {
        _cluster.Step(now, input);
        if (!_isAsking && now.Instant >= _notBefore && _tasks.TryPeek(out var task)
            && _cluster.Any(now.Instant) is { } wire)
        {
            _isAsking = true;
            task.WhenSent?.Invoke();
            wire.Send(task.Key, task.Request, wire.VersionOf(task.Key, task.AtMost), now.Instant, this, ++_turn);
        }

        var next = _cluster.NextDeadline();
        if (!_isAsking && _tasks.Count > 0)
        {
            next = Instant.Min(next, now.Instant + Pause);
        }

        Effects.Add(new WakeAt(next));
    }
}
