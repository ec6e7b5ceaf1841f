namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>Where a classic group is in its life. The names are what DescribeGroups and ListGroups show.</summary>
public enum ClassicGroupState
{
    /// <summary>No members. The group may still hold committed offsets.</summary>
    Empty,

    /// <summary>Members are expected to join again; whoever does waits for the others.</summary>
    PreparingRebalance,

    /// <summary>A new generation exists; its leader is expected to bring the assignment.</summary>
    CompletingRebalance,

    /// <summary>Every member can fetch its assignment.</summary>
    Stable,

    /// <summary>The group is gone, or its partition is. No input changes it any more.</summary>
    Dead,
}
