namespace Deterministic.Broker.Apis;

/// <summary>
/// What a client may do, as bits of Kafka's operation codes. Without an authorizer everybody may do everything that
/// the
/// resource knows.
/// </summary>
internal static class AuthorizedOperations
{
    /// <summary>The client did not ask.</summary>
    public const int NotAsked = int.MinValue;

    /// <summary>Create, Alter, Describe, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite.</summary>
    public const int Cluster = (1 << 5) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12);

    /// <summary>Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs.</summary>
    public const int Topic =
        (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8) | (1 << 10) | (1 << 11);
}
