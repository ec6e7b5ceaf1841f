using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;

namespace Deterministic.Broker.Controller;

/// <summary>What an operation came to: records to commit, and what happens once they are.</summary>
/// <param name="Records">None where the operation refused everything or only asked.</param>
/// <param name="WhenCommitted">Called when the image shows the records; at once where there are none.</param>
public readonly record struct Decision(List<MetadataRecord> Records, Action WhenCommitted);

/// <summary>Everything a decision may look at.</summary>
public sealed class ControllerView
{
    public ControllerView(MetadataImage image, EffectiveConfigs configs, Prng prng, BrokerId self)
    {
        Image = image;
        Configs = configs;
        Prng = prng;
        Self = self;
    }

    public MetadataImage Image { get; }

    public EffectiveConfigs Configs { get; }

    /// <summary>Draws ids of topics and the first broker of a placement.</summary>
    public Prng Prng { get; private set; }

    public BrokerId Self { get; }

    /// <summary>
    /// Makes the draws of this epoch differ from those of every earlier one: a node started again with the same seed
    /// would otherwise draw the ids of topics that exist, or, worse, of ones that were deleted.
    /// </summary>
    internal void BeginEpoch(int epoch) => Prng = new Prng(Prng.NextUInt64() + (ulong)epoch);

    public bool IsElrEnabled => Image.Features.LevelOf(FeaturesImage.EligibleLeaderReplicasVersion) > 0;
}

/// <summary>The active controller: decides what the cluster's metadata become.</summary>
/// <remarks>
/// Inputs   Submit (an operation), commits of the quorum
/// Effects  proposals to the quorum
///
/// Operations are decided one after the other, each on the image that the one before left: the next is decided only
/// when the records of the one before are committed and replayed. Two requests for one topic name can therefore never
/// both succeed, and nothing has to be taken back when a commit fails, because nothing was believed before it.
/// </remarks>
public sealed class Controller
{
    /// <summary>
    /// Bound: operations that may wait their turn. Each belongs to a request, and a connection has one at a time.
    /// </summary>
    public const int MaxWaiting = 10_000;

    private readonly IMetadataProposer _quorum;
    private readonly Queue<Func<Decision>> _waiting = new();
    private bool _isBusy;

    public Controller(ControllerView view, IMetadataProposer quorum)
    {
        View = view;
        _quorum = quorum;
    }

    public ControllerView View { get; }

    /// <summary>
    /// Decides an operation when its turn comes. False where too many wait already: the request is to be answered
    /// THROTTLING_QUOTA_EXCEEDED or its like, never kept.
    /// </summary>
    public bool TrySubmit(Func<Decision> operation)
    {
        if (_waiting.Count >= MaxWaiting)
        {
            return false;
        }

        _waiting.Enqueue(operation);
        Pump();
        return true;
    }

    private void Pump()
    {
        while (!_isBusy && _waiting.TryDequeue(out var operation))
        {
            _isBusy = true;
            var decision = operation();
            if (decision.Records.Count > 0)
            {
                _quorum.Propose(decision.Records, () => Committed(decision.WhenCommitted));
                return;
            }

            decision.WhenCommitted();
            _isBusy = false;
        }
    }

    private void Committed(Action whenCommitted)
    {
        Invariant.Check(_isBusy);
        whenCommitted();
        _isBusy = false;
        Pump();
    }
}
