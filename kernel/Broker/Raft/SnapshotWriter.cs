using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>Writes one snapshot: beside, in pieces, flushed, then renamed to its name.</summary>
/// <remarks>
/// Inputs   records that were frozen, one by one
/// Effects  Delete, Name, Append, Flush, Forget, Rename
///
/// Header, kraft.version and voters; records; footer; offsets from 0, every batch in the snapshot's epoch. A piece is one
/// batch, flushed before the next is made: no step makes more of them than one, and the disk sees no burst. Bound: a record
/// that alone is larger than a piece gets a batch of its own.
/// </remarks>
internal sealed class SnapshotWriter
{
    private const int RecordsPerPiece = 1000;
    private const int BytesPerPiece = 256 << 10;

    private readonly Files _files;
    private readonly SnapshotId _id;
    private readonly long _timestampMs;
    private readonly RecordBatchBuilder _builder = new(2 * MetadataQuorum.MaxProposalBytes);
    private long _offset;

    public SnapshotWriter(Files files, SnapshotId id, long timestampMs)
    {
        _files = files;
        _id = id;
        _timestampMs = timestampMs;
    }

    /// <summary>Bytes written; all of them when it is done.</summary>
    public long Length { get; private set; }

    /// <summary>Stops before its next piece where this turns true; then nothing is renamed.</summary>
    public bool IsAbandoned { get; set; }

    /// <param name="paths">Where the file is written, and what it is called when it is whole.</param>
    /// <param name="voters">Who votes as of the snapshot's end; null at kraft.version 0.</param>
    /// <param name="records">The metadata.</param>
    public IEnumerator<Ticket> Run((string Part, string Final) paths, VoterSet? voters, IEnumerator<MetadataRecord> records)
    {
        yield return _files.Delete(paths.Part);
        var file = _files.Open(paths.Part, 0);
        Append(file, Header(voters));
        var hasMore = records.MoveNext();
        while (hasMore && !IsAbandoned)
        {
            hasMore = AppendPiece(file, records);
            yield return _files.FlushAndWait(file);
        }

        if (!IsAbandoned)
        {
            Append(file, Control(ControlRecordType.SnapshotFooter, new SnapshotFooterRecord()));
            yield return _files.FlushAndWait(file);
        }

        Length = file.Length;
        _files.Forget(file);
        if (!IsAbandoned)
        {
            yield return _files.Rename(paths.Part, paths.Final);
        }
    }

    private bool AppendPiece(OpenFile file, IEnumerator<MetadataRecord> records)
    {
        Begin(isControl: false);
        var hasMore = true;
        while (hasMore && _builder.RecordCount < RecordsPerPiece && _builder.SizeInBytes < BytesPerPiece)
        {
            var value = MetadataRecords.ToArray(records.Current.Message, records.Current.Version);
            var isAppended = _builder.TryAppend(_timestampMs, NullableBytes.Null, value);
            Invariant.Check(isAppended);
            hasMore = records.MoveNext();
        }

        Append(file, Build());
        return hasMore;
    }

    private byte[] Header(VoterSet? voters)
    {
        Begin(isControl: true);
        Append(ControlRecordType.SnapshotHeader, new SnapshotHeaderRecord { LastContainedLogTimestamp = _timestampMs });
        if (voters is not null)
        {
            Append(ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = 1 });
            Append(ControlRecordType.KRaftVoters, voters.ToRecord());
        }

        return Build();
    }

    private byte[] Control(ControlRecordType type, IMessage message)
    {
        Begin(isControl: true);
        Append(type, message);
        return Build();
    }

    private void Begin(bool isControl) => _builder.Begin(
        new BatchOptions { BaseOffset = _offset, PartitionLeaderEpoch = _id.Epoch, IsControl = isControl });

    private byte[] Build()
    {
        _offset += _builder.RecordCount;
        return _builder.Build().ToArray();
    }

    private void Append(ControlRecordType type, IMessage message)
    {
        var isAppended = ControlRecords.TryAppend(_builder, _timestampMs, type, Frames.ToArray(message, 0));
        Invariant.Check(isAppended);
    }

    private void Append(OpenFile file, ReadOnlyMemory<byte> bytes) => _files.Append(file, bytes);
}
