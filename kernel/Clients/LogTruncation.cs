namespace Deterministic.Clients;

/// <summary>
/// What was read of a partition is not in its log any more: an unclean election took it, or a power failure. Kafka's consumers
/// throw a LogTruncationException, or, with a reset policy, go on silently from where the logs part. This one goes on from there,
/// too, and always tells.
/// </summary>
/// <param name="Topic">Of the partition.</param>
/// <param name="Partition">Its index.</param>
/// <param name="Position">Where the consumer stood.</param>
/// <param name="LastEpoch">The leader epoch of the last record that it had read.</param>
/// <param name="DivergingOffset">
/// From here on what was read is gone, or other records stand there, and reading goes on here; -1 where nobody can say, so that
/// nothing read before can be vouched for, and <c>auto.offset.reset</c> decides.
/// </param>
/// <param name="DivergingEpoch">The leader's epoch that ends there; -1 where it is not known.</param>
public readonly record struct LogTruncation(
    string Topic, int Partition, long Position, int LastEpoch, long DivergingOffset, int DivergingEpoch);
