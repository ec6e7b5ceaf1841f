using System;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Broker.Log;

/// <summary>Checks batches, gives them their offsets and hands them to the active segment.</summary>
/// <remarks>
/// Effects  Append (pointing at the caller's own bytes, patched in place), and what a roll asks for
///
/// Either the whole batch is appended or nothing has changed. A good batch in the producer's own codec allocates
/// nothing.
/// </remarks>
internal sealed class LogAppender(LogState state)
{
    // Inputs

    /// <summary>One batch from a producer.</summary>
    public AppendOutcome AppendFromClient(in Now now, Memory<byte> bytes, LeaderEpoch epoch, short produceVersion)
    {
        var refused = Prepare(now, ref bytes, produceVersion);
        if (refused.Error != ErrorCode.None)
        {
            return refused;
        }

        RecordBatches.TryRead(bytes.Span, out var batch, out _);
        if (bytes.Length > state.Config.SegmentBytes)
        {
            return Refuse(ErrorCode.RecordListTooLarge, "The record batch is larger than segment.bytes.");
        }

        if (batch.HasProducerId)
        {
            var error = state.Producers.Check(batch, out var duplicate);
            if (error != ErrorCode.None)
            {
                return RefuseSequence(error);
            }

            if (duplicate is { } known)
            {
                return Repeat(known);
            }
        }

        Lead(now, bytes, batch, epoch);
        return Done(new Offset(batch.BaseOffset), batch);
    }

    /// <summary>Batches that a part of this node built, which leads the partition.</summary>
    public AppendOutcome AppendTrusted(in Now now, Memory<byte> records, LeaderEpoch epoch)
    {
        var first = state.EndOffset;
        var outcome = new AppendOutcome(ErrorCode.None, null) { BaseOffset = first, LogStartOffset = state.LogStart };
        while (RecordBatches.TryRead(records.Span, out var batch, out _))
        {
            if (state.Config.TimestampType == TimestampType.LogAppendTime)
            {
                BatchRewriter.Stamp(batch, TimestampType.LogAppendTime, now.WallMs);
            }

            Lead(now, records[..batch.SizeInBytes], batch, epoch);
            records = records[batch.SizeInBytes..];
            outcome = Done(first, batch);
        }

        Invariant.Check(records.Length == 0);
        return outcome;
    }

    /// <summary>
    /// Batches as a leader sent them. They are appended up to the first that is damaged, does not continue the log, or is of a
    /// later epoch than the one in which they were asked for (none where that is not known); an incomplete one at the end is what
    /// a fetch limit cut, and no error.
    /// </summary>
    public AppendOutcome AppendAsReplica(in Now now, Memory<byte> records, LeaderEpoch epoch)
    {
        var first = Offset.None;
        var last = Offset.None;
        while (RecordBatches.TryRead(records.Span, out var batch, out var error) || error != BatchError.None)
        {
            if (error == BatchError.Incomplete)
            {
                break;
            }

            if (error != BatchError.None || !batch.IsValidCrc)
            {
                return Refuse(ErrorCode.CorruptMessage, "A fetched batch is damaged.");
            }

            var active = state.Segments.Active;
            if (batch.LastOffsetDelta < 0 || batch.BaseOffset < state.EndOffset.Value
                || (active.Size == 0 && batch.LastOffset - active.Base.Value > int.MaxValue))
            {
                return Refuse(ErrorCode.InvalidRecord, "A fetched batch does not continue the log.");
            }

            if (epoch != LeaderEpoch.None && batch.PartitionLeaderEpoch > epoch.Value)
            {
                // Whoever was asked in this epoch is led by another by now, and its log was cut and written while it was read.
                return Refuse(ErrorCode.InvalidRecord, "A fetched batch is of a later leader epoch than was asked.");
            }

            RollIfNeeded(now, batch);
            first = first == Offset.None ? new Offset(batch.BaseOffset) : first;
            last = new Offset(batch.LastOffset);
            Store(now, records[..batch.SizeInBytes], batch);
            records = records[batch.SizeInBytes..];
        }

        return new AppendOutcome(ErrorCode.None, null)
        {
            BaseOffset = first,
            LastOffset = last,
            LogStartOffset = state.LogStart,
        };
    }

    // Transitions

    /// <summary>
    /// Judges a client's batch, stamps it, and writes it anew where the topic has a codec of its own.
    /// </summary>
    private AppendOutcome Prepare(in Now now, ref Memory<byte> bytes, short produceVersion)
    {
        var rules = state.Rules with { ProduceVersion = produceVersion };
        var validation = state.Env.Validation;
        var verdict = validation.Validate(bytes.Span, rules, now.WallMs);
        if (verdict.Error != ErrorCode.None)
        {
            return Refuse(verdict.Error, verdict.Message) with
            {
                RecordErrors = validation.RecordErrors.Count > 0 ? validation.RecordErrors.ToArray() : null,
            };
        }

        bytes = bytes[..verdict.SizeInBytes];
        RecordBatches.TryRead(bytes.Span, out var batch, out _);
        if (!verdict.MustRewrite)
        {
            BatchRewriter.Stamp(batch, rules.TimestampType, verdict.MaxTimestamp);
            return new AppendOutcome(ErrorCode.None, null);
        }

        var rewritten = state.Env.Rewriter.Rewrite(batch, validation.RecordsOf(batch), rules, verdict);
        if (rewritten.Length > rules.MaxMessageBytes)
        {
            return Refuse(ErrorCode.MessageTooLarge, "The record batch, compressed anew, is too large.");
        }

        bytes = state.Env.Effects.Take(rewritten.Length);
        rewritten.CopyTo(bytes);
        return new AppendOutcome(ErrorCode.None, null);
    }

    /// <summary>Gives the batch its offset and epoch, and appends it.</summary>
    private void Lead(in Now now, Memory<byte> bytes, in RecordBatchView batch, LeaderEpoch epoch)
    {
        batch.SetBaseOffset(state.EndOffset.Value);
        batch.SetPartitionLeaderEpoch(epoch.Value);
        RollIfNeeded(now, batch);
        Store(now, bytes, batch);
    }

    private AppendOutcome Done(Offset first, in RecordBatchView batch) => new(ErrorCode.None, null)
    {
        BaseOffset = first,
        LastOffset = new Offset(batch.LastOffset),
        LogAppendTimeMs = batch.TimestampType == TimestampType.LogAppendTime
            ? batch.MaxTimestamp
            : RecordBatchLayout.NoTimestamp,
        LogStartOffset = state.LogStart,
    };

    private void RollIfNeeded(in Now now, in RecordBatchView batch)
    {
        var active = state.Segments.Active;
        if (active.Size == 0)
        {
            return;
        }

        var config = state.Config;
        var isTimed = active.FirstTimestampMs >= 0 && batch.MaxTimestamp >= 0;
        var ageMs = isTimed ? batch.MaxTimestamp - active.FirstTimestampMs : now.WallMs - active.CreatedMs;
        if (active.Size > config.SegmentBytes - batch.SizeInBytes
            || ageMs > config.SegmentMs - state.JitterMs
            || active.HasFullIndex(config.SegmentIndexBytes)
            || batch.LastOffset - active.Base.Value > int.MaxValue)
        {
            state.Roll(now);
        }
    }

    private void Store(in Now now, Memory<byte> bytes, in RecordBatchView batch)
    {
        var epoch = new LeaderEpoch(batch.PartitionLeaderEpoch);
        var start = new Offset(batch.BaseOffset);
        if (epoch > state.Epochs.Latest && state.Epochs.Assign(epoch, start))
        {
            state.SaveEpochs(start);
        }

        var active = state.Segments.Active;
        var position = active.Append(bytes);
        active.Count(batch, position, state.Config.IndexIntervalBytes);
        state.Recent.Add(new BatchPlace(start, new Offset(batch.LastOffset), position, bytes.Length));
        state.Producers.Update(batch, now.WallMs);
        state.Progress.Appended(active.Log, active.NextOffset);
        active.SaveIndexes(all: false);
        state.Env.Effects.Add(new Note(NoteKind.Produced, state.Name, bytes.Length, batch.RecordCount));
    }

    private AppendOutcome RefuseSequence(ErrorCode error)
    {
        var isOldEpoch = error == ErrorCode.InvalidProducerEpoch;
        state.Env.Effects.Reached(isOldEpoch ? ProbePoint.StaleProducerEpoch : ProbePoint.OutOfOrderSequence);
        return Refuse(error, isOldEpoch
            ? "A producer with the same id and a newer epoch has written here."
            : "The batch does not continue the producer's sequence.");
    }

    private AppendOutcome Repeat(in ProducedBatch known)
    {
        var isFromBefore = known.LastOffset < state.FoundEnd;
        state.Env.Effects.Reached(isFromBefore ? ProbePoint.DuplicateBatchAfterRestart : ProbePoint.DuplicateBatch);
        return new AppendOutcome(ErrorCode.None, null)
        {
            BaseOffset = known.BaseOffset,
            LastOffset = known.LastOffset,
            LogAppendTimeMs = known.MaxTimestampMs,
            LogStartOffset = state.LogStart,
            IsDuplicate = true,
        };
    }

    private AppendOutcome Refuse(ErrorCode error, string? message) =>
        new(error, message) { LogStartOffset = state.LogStart };
}
