using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Controller;

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
