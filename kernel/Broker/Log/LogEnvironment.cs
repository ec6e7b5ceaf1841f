using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Broker.Log;

/// <summary>
/// What all logs of one node share: the way to the disk, time, chance, and working memory that one append at a time
/// uses.
/// </summary>
public sealed class LogEnvironment
{
    public LogEnvironment(Files files, Effects effects, Timers timers, Prng prng)
    {
        Files = files;
        Effects = effects;
        Timers = timers;
        Prng = prng;
        var codec = new Codec();
        Validation = new BatchValidation(codec);
        Rewriter = new BatchRewriter(codec);
        Reader = new BatchReader(codec);
    }

    public Files Files { get; }

    public Effects Effects { get; }

    public Timers Timers { get; }

    public Prng Prng { get; }

    internal BatchValidation Validation { get; }

    internal BatchRewriter Rewriter { get; }

    internal BatchReader Reader { get; }
}

/// <summary>Who follows how far one log has come.</summary>
public interface ILogListener
{
    /// <summary>
    /// <see cref="PartitionLog.WrittenOffset"/> or <see cref="PartitionLog.FlushedOffset"/> has moved.
    /// </summary>
    void LogAdvanced(PartitionLog log, in Now now);
}

/// <summary>What a log that did not exist is given.</summary>
/// <param name="TopicId">Whose it is.</param>
/// <param name="First">What has to be durable before its identity is; null for nothing.</param>
public readonly record struct NewLog(Uuid TopicId, IEnumerator<Ticket>? First = null);

/// <summary>What the checkpoints of a log directory say of one log before it is opened.</summary>
/// <param name="WasCleanShutdown">
/// The clean shutdown marker was there: files are as <see cref="PartitionLog.Close"/> left them.
/// </param>
/// <param name="RecoveryPoint">
/// From recovery-point-offset-checkpoint; zero where it is missing or damaged. It can only make recovery read more, and a log
/// that ends below it is damaged.
/// </param>
/// <param name="LogStartOffset">From log-start-offset-checkpoint; zero where it is missing or damaged.</param>
/// <param name="TopicId">What the metadata says; for the log to write where partition.metadata is not there.</param>
public readonly record struct OpenHints(
    bool WasCleanShutdown, Offset RecoveryPoint, Offset LogStartOffset, Uuid TopicId)
{
    /// <summary>
    /// Where what rolled segments held is damaged, nothing is cut and nothing opened: <see cref="PartitionLog.IsDamaged"/>.
    /// </summary>
    public bool MustBeWhole { get; init; }
}
