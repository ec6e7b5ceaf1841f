using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Coordinators;
using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;

namespace Deterministic.Tests.Models.Groups;

/// <summary>
/// A partition's log in memory, for coordinators alone. The high watermark moves when the test says so; a crash forgets
/// what it does not cover.
/// </summary>
public sealed class MemoryLog : ICoordinatorLog
{
    private readonly List<(Offset Base, Offset Next, byte[] Bytes)> _batches = [];

    public int Index { get; init; }

    public Offset LogStartOffset => Offset.Zero;

    public Offset LogEndOffset { get; private set; }

    public Offset HighWatermark { get; private set; }

    /// <summary>What every append answers instead of being done, where set.</summary>
    public ErrorCode Refusal { get; set; }

    /// <summary>Where set, reads are answered only when the test says so.</summary>
    public bool HoldsReads { get; set; }

    public Queue<Ticket> HeldReads { get; } = new();

    public ErrorCode Append(Memory<byte> batch)
    {
        if (Refusal != ErrorCode.None)
        {
            return Refusal;
        }

        var bytes = batch.ToArray();
        Assert(RecordBatches.TryRead(bytes.AsSpan(), out var view, out _));
        view.SetBaseOffset(LogEndOffset.Value);
        Assert(view.IsValidCrc);
        var next = LogEndOffset + view.RecordCount;
        _batches.Add((LogEndOffset, next, bytes));
        LogEndOffset = next;
        return ErrorCode.None;
    }

    public IEnumerator<Ticket> ReadAll(Offset from, BatchReplay replay)
    {
        foreach (var (_, next, bytes) in _batches)
        {
            if (HoldsReads)
            {
                var ticket = new Ticket();
                HeldReads.Enqueue(ticket);
                yield return ticket;
            }

            if (next > from)
            {
                Show(bytes, replay);
            }
        }
    }

    public void CommitAll() => HighWatermark = LogEndOffset;

    public void CommitTo(Offset offset) => HighWatermark = Offset.Max(HighWatermark, Offset.Min(offset, LogEndOffset));

    /// <summary>The same log after a crash: committed batches for sure, and some of the others.</summary>
    public MemoryLog AfterCrash(int keepUncommitted)
    {
        var survivor = new MemoryLog { Index = Index };
        foreach (var batch in _batches)
        {
            if (batch.Next <= HighWatermark || keepUncommitted-- > 0)
            {
                survivor._batches.Add(batch);
                survivor.LogEndOffset = batch.Next;
            }
            else
            {
                break;
            }
        }

        survivor.CommitAll();
        return survivor;
    }

    /// <summary>The log without the batches that a compaction would find nothing in: gaps, also at the end.</summary>
    public MemoryLog WithGaps(Func<int, bool> isDropped)
    {
        var survivor = new MemoryLog { Index = Index };
        for (var i = 0; i < _batches.Count; i++)
        {
            if (!isDropped(i))
            {
                survivor._batches.Add(_batches[i]);
            }
        }

        survivor.LogEndOffset = LogEndOffset;
        survivor.CommitAll();
        return survivor;
    }

    /// <summary>All records from an offset on.</summary>
    public List<(Offset At, CoordinatorRecord Record)> RecordsFrom(Offset from)
    {
        var found = new List<(Offset, CoordinatorRecord)>();
        foreach (var (start, _, bytes) in _batches)
        {
            if (start < from)
            {
                continue;
            }

            Assert(RecordBatches.TryRead(bytes.AsSpan(), out var view, out _));
            foreach (var record in view.Records)
            {
                var read = GroupRecords.Read(record.Key, record.Value, record.IsValueNull);
                Assert(read is not null);
                found.Add((new Offset(view.OffsetOf(record)), read!));
            }
        }

        return found;
    }

    private static void Show(byte[] bytes, BatchReplay replay)
    {
        Assert(RecordBatches.TryRead(bytes.AsSpan(), out var view, out _));
        replay(view);
    }

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}
