using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker;

/// <summary>Where a node stands in its life.</summary>
public enum LifecycleState : byte
{
    NotStarted,
    Starting,
    Serving,
    Leaving,
    Stopping,
    Halted,
}

/// <summary>A node's life: start, serve, stop.</summary>
/// <remarks>
/// NotStarted -> Starting  Started arrived
/// Starting   -> Serving   metadata and partitions are loaded, and the cluster takes this broker for one of its own
/// Starting   -> Halted    the directory cannot be used; the reason is the Halt effect
/// Serving    -> Leaving   StopRequested: leaderships are moved away; requests are served meanwhile
/// Leaving    -> Stopping  they have, or that took too long
/// Stopping   -> Halted    everything is flushed and the clean-shutdown marker is durable
/// any        -> Halted    the disk failed
///
/// The clean-shutdown marker of the last life is removed, durably, before anything is appended: a crash in this
/// life must
/// not look like the clean end of the last one.
/// </remarks>
internal sealed class Lifecycle
{
    private readonly Apis.Broker _broker;
    private readonly Action _whenMember;
    private readonly Action _whenServing;
    private Instant _startedAt;
    private bool _mustStop;

    public Lifecycle(Apis.Broker broker, Action whenMember, Action whenServing)
    {
        _broker = broker;
        _whenMember = whenMember;
        _whenServing = whenServing;
    }

    public LifecycleState State { get; private set; }

    /// <summary>This node takes part in the metadata quorum: its controller listeners serve.</summary>
    public bool IsMember { get; private set; }

    public void Start(DiskImage image)
    {
        Invariant.Check(State == LifecycleState.NotStarted);
        State = LifecycleState.Starting;
        _startedAt = _broker.Now.Instant;
        Routine.Run(Load(image));
    }

    public void Stop()
    {
        switch (State)
        {
            case LifecycleState.Serving:
                State = LifecycleState.Leaving;
                _broker.Leave(Close);
                break;
            case LifecycleState.Starting when IsMember:
                // It may wait for a majority that never comes, and nothing was opened that a crash would hurt.
                Halt("stopped before the cluster had formed", isClean: true);
                break;
            case LifecycleState.NotStarted or LifecycleState.Starting:
                _mustStop = true;
                break;
            case LifecycleState.Leaving or LifecycleState.Stopping or LifecycleState.Halted:
            default:
                break;
        }
    }

    private void Close()
    {
        if (State == LifecycleState.Leaving)
        {
            State = LifecycleState.Stopping;
            Routine.Run(_broker.Close(), () => Halt("stopped in good order", isClean: true));
        }
    }

    public void HaltFor(string why) => Halt(why, isClean: false);

    private IEnumerator<Ticket> Load(DiskImage image)
    {
        var loading = _broker.LoadMetadata(image);
        while (loading.MoveNext())
        {
            yield return loading.Current;
        }

        if (_broker.Quorum.Refusal is { } refusal)
        {
            HaltFor(refusal);
            yield break;
        }

        _broker.Quorum.WhenRefused = () => HaltFor(_broker.Quorum.Refusal ?? "the metadata log cannot be followed");
        IsMember = true;
        _whenMember();
        _broker.RegisterController();
        if (_broker.Options.Roles.HasFlag(NodeRoles.Broker))
        {
            var joining = _broker.Join(image);
            while (joining.MoveNext())
            {
                yield return joining.Current;
            }
        }

        Serve();
    }

    private void Serve()
    {
        if (State != LifecycleState.Starting)
        {
            return;
        }

        State = LifecycleState.Serving;
        var took = _broker.Now.Instant - _startedAt;
        _broker.Effects.Add(new Note(
            NoteKind.Ready, _broker.Quorum.ClusterId.ToString(), _broker.Partitions.All.Count, took.Microseconds));
        _whenServing();
        if (_mustStop)
        {
            Stop();
        }
    }

    private void Halt(string why, bool isClean)
    {
        if (State != LifecycleState.Halted)
        {
            State = LifecycleState.Halted;
            _broker.Effects.Add(new Halt(why, isClean));
        }
    }
}
