using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>What an operation came to: records to commit, and what happens once they are.</summary>
/// <param name="Records">None where the operation refused everything or only asked.</param>
/// <param name="WhenCommitted">Called when the image shows the records; at once where there are none.</param>
public readonly record struct Decision(List<MetadataRecord> Records, Action WhenCommitted);

/// <summary>The controller: while it is active, it decides what the cluster's metadata become.</summary>
/// <remarks>
/// Inputs   Activate, Deactivate, Submit (an operation), commits of the quorum, sessions that are over, timers
/// Effects  proposals to the quorum
///
/// Standby -> Active    Activate: this node leads the quorum, and the image shows everything that was ever committed
/// Active  -> Standby   Deactivate, or a proposal was lost: what waits is refused, since only the next leader may decide
///
/// Operations are decided one after the other, each on the image that the one before left: the next is decided only
/// when the records of the one before are committed and replayed. Two requests for one topic name can therefore never
/// both succeed, and nothing has to be taken back when a commit fails, because nothing was believed before it.
///
/// The records of one decision are one atomic batch as long as they fit. What the controller itself decides may be larger
/// (a broker with very many partitions dies) and is then cut: such decisions are written so that every part of them is
/// true by itself, and the next controller begins by finishing what a lost leadership left.
/// </remarks>
public sealed class Controller : ITimed
{
    /// <summary>
    /// Bound: operations that may wait their turn. Each belongs to a request, and a connection has one at a time.
    /// </summary>
    public const int MaxWaiting = 10_000;

    /// <summary>Bound on one batch of a large decision.</summary>
    private const int MaxRecordsPerBatch = 5_000;

    /// <summary>Bound on one round of <c>auto.leader.rebalance.enable</c>, Kafka's own.</summary>
    private const int MaxElectionsPerRound = 1_000;

    /// <summary>Until the next round where one was not enough.</summary>
    private static readonly Duration RoundPause = Duration.FromMilliseconds(100);

    private readonly IMetadataProposer _quorum;
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly Queue<Operation> _waiting = new();
    private Operation? _deciding;
    private int _term;
    private TimerHandle? _rebalance;

    public Controller(ControllerView view, IMetadataProposer quorum, Timers timers, StepClock clock)
    {
        View = view;
        _quorum = quorum;
        _timers = timers;
        _clock = clock;
        Sessions = new BrokerSessions(timers, clock) { WhenOver = SessionOver };
    }

    public ControllerView View { get; }

    public BrokerSessions Sessions { get; }

    /// <summary>Where the records of the next decision begin, which numbers the life of a broker that registers.</summary>
    public long NextOffset => _quorum.NextOffset;

    /// <summary>True from <see cref="Activate"/> to <see cref="Deactivate"/>.</summary>
    public bool IsActive { get; private set; }

    /// <summary>
    /// This node leads the quorum in <paramref name="epoch"/>, and everything before that is replayed: it takes office.
    /// </summary>
    /// <param name="epoch">The quorum's.</param>
    /// <param name="bootstrap">What a format tool left for a new cluster; empty for this release's own choice.</param>
    /// <param name="whenActive">The image shows whatever had to be written first.</param>
    public void Activate(int epoch, IReadOnlyList<MetadataRecord> bootstrap, Action whenActive)
    {
        Invariant.Check(!IsActive && _waiting.Count == 0 && _deciding is null);
        IsActive = true;
        _term++;
        View.BeginEpoch(epoch);
        Sessions.Timeout = Duration.FromMilliseconds(View.Configs.BrokerLong("broker.session.timeout.ms"));
        foreach (var broker in View.Image.Cluster.Brokers)
        {
            if (!broker.IsFenced)
            {
                Sessions.Begin(broker.Id, broker.Epoch);
            }
        }

        RebalanceAfter(ImbalanceInterval);
        _waiting.Enqueue(new Operation(() => new Decision(FirstRecords(bootstrap), Nothing), null));
        _waiting.Enqueue(new Operation(() => new Decision(Repairs(), whenActive), null));
        Pump();
    }

    /// <summary>Another node may lead: whatever waits is refused, what is proposed may come to be or not.</summary>
    public void Deactivate()
    {
        if (!IsActive)
        {
            return;
        }

        IsActive = false;
        _term++;
        Sessions.Clear();
        _timers.Cancel(_rebalance);
        var deciding = _deciding;
        _deciding = null;
        deciding?.Refuse?.Invoke();
        while (_waiting.TryDequeue(out var operation))
        {
            operation.Refuse?.Invoke();
        }
    }

    /// <summary>
    /// Decides an operation when its turn comes. False where too many wait already: the request is to be answered
    /// THROTTLING_QUOTA_EXCEEDED or its like, never kept. <paramref name="whenRefused"/> is called instead of the
    /// decision's end where this node is not the active controller, or ceases to be before it is committed: the answer is
    /// NOT_CONTROLLER.
    /// </summary>
    public bool TrySubmit(Func<Decision> operation, Action? whenRefused = null)
    {
        if (!IsActive)
        {
            whenRefused?.Invoke();
            return true;
        }

        if (_waiting.Count >= MaxWaiting)
        {
            return false;
        }

        _waiting.Enqueue(new Operation(operation, whenRefused));
        Pump();
        return true;
    }

    /// <summary>What the controller itself has to do. Bounded by the number of brokers, so it is never turned away.</summary>
    internal void SubmitOwn(Func<List<MetadataRecord>> decide)
    {
        if (IsActive)
        {
            _waiting.Enqueue(new Operation(() => new Decision(decide(), Nothing), null));
            Pump();
        }
    }

    /// <summary>Time to look for partitions that another broker leads than the first of their replicas.</summary>
    public void TimerFired(in Now now, long token)
    {
        RebalanceAfter(ImbalanceInterval);
        if (View.Configs.BrokerBoolean("auto.leader.rebalance.enable"))
        {
            SubmitOwn(() =>
            {
                var records = new List<MetadataRecord>();
                if (new LeaderElection(View).Rebalance(MaxElectionsPerRound, records))
                {
                    RebalanceAfter(RoundPause);
                }

                return records;
            });
        }
    }

    private Duration ImbalanceInterval =>
        Duration.FromSeconds(View.Configs.BrokerLong("leader.imbalance.check.interval.seconds"));

    private void RebalanceAfter(Duration pause)
    {
        _timers.Cancel(_rebalance);
        _rebalance = _timers.Set(_clock.Now.Instant + pause, this);
    }

    private void Pump()
    {
        while (_deciding is null && _waiting.TryDequeue(out var operation))
        {
            _deciding = operation;
            var decision = operation.Decide();
            if (decision.Records.Count > 0)
            {
                Propose(decision);
                return;
            }

            _deciding = null;
            decision.WhenCommitted();
        }
    }

    private void Propose(Decision decision)
    {
        var term = _term;
        var records = decision.Records;
        while (records.Count > MaxRecordsPerBatch && !ProposalLimits.Allow(records))
        {
            _quorum.Propose(records.GetRange(0, MaxRecordsPerBatch), Nothing, () => Lost(term));
            records = records.GetRange(MaxRecordsPerBatch, records.Count - MaxRecordsPerBatch);
        }

        _quorum.Propose(records, () => Committed(term, decision.WhenCommitted), () => Lost(term));
    }

    private void Committed(int term, Action whenCommitted)
    {
        if (term != _term)
        {
            return;
        }

        Invariant.Check(_deciding is not null);
        _deciding = null;
        whenCommitted();
        Pump();
    }

    private void Lost(int term)
    {
        if (term == _term)
        {
            Deactivate();
        }
    }

    /// <summary>An open transaction is an earlier leader's: its records never were, so the cluster may still be new.</summary>
    private List<MetadataRecord> FirstRecords(IReadOnlyList<MetadataRecord> bootstrap)
    {
        var records = new List<MetadataRecord>();
        if (View.Image.IsInTransaction)
        {
            records.Add(MetadataRecord.Of(new AbortTransactionRecord { Reason = "the leader changed" }));
        }

        if (View.Image.Features.LevelOf(FeaturesImage.MetadataVersion) == 0)
        {
            records.AddRange(FirstMetadata.Records(bootstrap, View.Configs.BrokerValue(FeatureUpdate.MinInSyncReplicas)));
        }

        return records;
    }

    private List<MetadataRecord> Repairs()
    {
        var records = new List<MetadataRecord>();
        new BrokerFencing(View).Repair(records);
        return records;
    }

    private void SessionOver(int broker) => SubmitOwn(() =>
    {
        var records = new List<MetadataRecord>();
        if (View.Image.Cluster.Find(broker) is { IsFenced: false } registration
            && Sessions.IsOver(broker, registration.Epoch))
        {
            new BrokerFencing(View).Fence(registration, records);
        }

        return records;
    });

    private static void Nothing()
    {
    }

    private sealed record Operation(Func<Decision> Decide, Action? Refuse);
}
