using System.Collections.Generic;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Checks;

/// <summary>Every check, by name. A scenario without a <c>check</c> line is judged by all of them.</summary>
public static class CheckCatalog
{
    public static IReadOnlyList<ICheck> All() =>
    [
        new AckedRecordsSurvive(),
        new AckOffsetIsRecordOffset(),
        new OffsetsContiguousAndStable(),
        new ProducerOrderAndOnce(),
        new ConsumedOncePerGeneration(),
        new CommittedOffsetsSurvive(),
        new HighWatermarkMonotonic(),
        new DeletedStaysDeleted(),
        new TruncationsTold(),
    ];

    /// <summary>The checks of a <c>check</c> line.</summary>
    public static IReadOnlyList<ICheck> Read(ScenarioLine? line)
    {
        var all = All();
        if (line is null)
        {
            return all;
        }

        var chosen = new List<ICheck>();
        while (line.HasWord)
        {
            var name = line.Word("a check's name");
            ICheck? found = null;
            foreach (var check in all)
            {
                found = check.Name == name ? check : found;
            }

            chosen.Add(found ?? throw line.Error($"there is no check '{name}'"));
        }

        line.End();
        return chosen;
    }
}
