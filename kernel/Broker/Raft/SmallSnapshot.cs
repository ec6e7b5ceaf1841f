using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>
/// A snapshot made in memory, batch by batch, for a directory that no node runs on yet. What a running node writes is too
/// large for this: that is <see cref="SnapshotWriter"/>'s.
/// </summary>
internal sealed class SmallSnapshot
{
    private const int MaxBytes = 1 << 20;

    private readonly long _wallMs;
    private readonly RecordBatchBuilder _builder = new(MaxBytes);
    private readonly List<byte> _bytes = [];
    private long _offset;

    public SmallSnapshot(long wallMs) => _wallMs = wallMs;

    /// <summary>One batch of control records.</summary>
    public SmallSnapshot Control(params (ControlRecordType Type, IMessage Message)[] records)
    {
        Begin(isControl: true);
        foreach (var (type, message) in records)
        {
            var isAppended = ControlRecords.TryAppend(_builder, _wallMs, type, Frames.ToArray(message, 0));
            Invariant.Check(isAppended);
        }

        return End();
    }

    /// <summary>One batch of metadata.</summary>
    public SmallSnapshot Metadata(IReadOnlyList<MetadataRecord> records)
    {
        Begin(isControl: false);
        foreach (var record in records)
        {
            var value = MetadataRecords.ToArray(record.Message, record.Version);
            var isAppended = _builder.TryAppend(_wallMs, NullableBytes.Null, value);
            Invariant.Check(isAppended);
        }

        return End();
    }

    /// <summary>The whole file: a snapshot without its footer counts as damaged.</summary>
    public byte[] ToFile()
    {
        Control((ControlRecordType.SnapshotFooter, new SnapshotFooterRecord()));
        return [.. _bytes];
    }

    private void Begin(bool isControl) =>
        _builder.Begin(new BatchOptions { BaseOffset = _offset, PartitionLeaderEpoch = 0, IsControl = isControl });

    private SmallSnapshot End()
    {
        _offset += _builder.RecordCount;
        _bytes.AddRange(_builder.Build().Span);
        return this;
    }
}
