using System;
using System.Linq;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Records;

/// <summary>What a builder wrote, a view reads: all fields, all records, every codec.</summary>
[Properties(Arbitrary = [typeof(RecordArbitraries)], MaxTest = 60)]
public sealed class RecordBatchTests
{
    [Property]
    public void Records_written_with_any_codec_come_back(RecordModel[] records, byte codec)
    {
        var builder = new RecordBatchBuilder(1 << 26);
        var type = (CompressionType)(codec % 5);
        builder.Begin(new BatchOptions { Compression = CompressionSetting.Of(type), BaseOffset = 42 });
        Assert.All(records, record => Assert.True(record.TryAppendTo(builder)));
        var bytes = builder.Build().Span;
        Assert.True(RecordBatches.TryRead(bytes, out var batch, out _));
        Assert.Equal(bytes.Length, batch.SizeInBytes);
        Assert.True(batch.IsValidCrc);
        Assert.Equal(records.Length, batch.RecordCount);
        Assert.Equal(Math.Max(0, records.Length - 1), batch.LastOffsetDelta);
        Assert.Equal(records.Select(r => r.Timestamp).Append(-1).Max(), batch.MaxTimestamp);
        Assert.Equal(records.Length == 0 ? CompressionType.None : type, batch.Compression);
        Assert.Equal(records, RecordModel.ReadAll(batch));
    }

    [Property]
    public void Header_fields_come_back(long producerId, short epoch, int sequence, long offset, bool transactional)
    {
        var builder = new RecordBatchBuilder(4096);
        builder.Begin(new BatchOptions
        {
            BaseOffset = offset,
            PartitionLeaderEpoch = 7,
            ProducerId = producerId,
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = transactional,
            LogAppendTimeMs = 99,
        });
        Assert.True(builder.TryAppend(5, default, "v"u8));
        Assert.True(builder.TryAppendAt(9, 6, "k"u8, default, []));
        Assert.True(RecordBatches.TryRead(builder.Build().Span, out var batch, out _));
        Assert.Equal((offset, 7, producerId, epoch, sequence), (batch.BaseOffset, batch.PartitionLeaderEpoch,
            batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence));
        Assert.Equal((transactional, false, false), (batch.IsTransactional, batch.IsControl, batch.HasDeleteHorizon));
        Assert.Equal(TimestampType.LogAppendTime, batch.TimestampType);
        Assert.Equal((99, 5), (batch.MaxTimestamp, batch.BaseTimestamp));
        Assert.Equal((9, 2), (batch.LastOffsetDelta, batch.RecordCount));
        Assert.All(RecordModel.ReadAll(batch), record => Assert.Equal(99, record.Timestamp));
    }

    [Fact]
    public void Setters_change_their_field_and_nothing_else()
    {
        var builder = new RecordBatchBuilder(4096);
        Assert.True(builder.TryAppend(5, "k"u8, "v"u8));
        var bytes = builder.Build().ToArray();
        Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _));
        batch.SetBaseOffset(1000);
        batch.SetPartitionLeaderEpoch(12);
        Assert.True(batch.IsValidCrc);
        Assert.Equal((1000L, 12, 1001L), (batch.BaseOffset, batch.PartitionLeaderEpoch, batch.NextOffset));
        batch.SetTimestampType(TimestampType.LogAppendTime);
        batch.SetMaxTimestamp(77);
        Assert.False(batch.IsValidCrc);
        batch.RecomputeCrc();
        Assert.True(batch.IsValidCrc);
        Assert.Equal((TimestampType.LogAppendTime, 77L), (batch.TimestampType, batch.MaxTimestamp));
        batch.SetTimestampType(TimestampType.CreateTime);
        Assert.Equal(0, batch.Attributes);
    }

    [Fact]
    public void A_record_that_does_not_fit_leaves_the_batch_as_it_was()
    {
        var builder = new RecordBatchBuilder(100);
        Assert.True(builder.TryAppend(5, default, "fits"u8));
        var before = builder.Build().ToArray();
        Assert.False(builder.TryAppend(5, default, new byte[64]));
        Assert.Equal(before, builder.Build().ToArray());
        Assert.True(builder.TryAppend(5, default, new byte[100 - before.Length - 7]));
        Assert.Equal(100, builder.Build().Length);
    }

    [Fact]
    public void Batches_are_walked_to_exactly_their_end()
    {
        var builder = new RecordBatchBuilder(4096);
        Assert.True(builder.TryAppend(5, "k"u8, "v"u8));
        var one = builder.Build().ToArray();
        byte[] three = [.. one, .. one, .. one];
        for (var length = 0; length <= three.Length; length++)
        {
            ReadOnlySpan<byte> bytes = three.AsSpan(0, length);
            var count = 0;
            BatchError error;
            while (RecordBatches.TryRead(bytes, out var batch, out error))
            {
                count++;
                bytes = bytes[batch.SizeInBytes..];
            }

            Assert.Equal(length / one.Length, count);
            Assert.Equal(length % one.Length == 0 ? BatchError.None : BatchError.Incomplete, error);
        }
    }

    [Fact]
    public void Old_magics_are_named_and_measured()
    {
        var old = new byte[40];
        old[11] = 28;
        old[16] = 1;
        Assert.False(RecordBatches.TryRead(old.AsSpan(), out _, out var error));
        Assert.Equal(BatchError.LegacyMagic, error);
        Assert.Equal((BatchError.LegacyMagic, 40), (RecordBatches.Measure(old, out var size), size));
        old[16] = 3;
        Assert.Equal(BatchError.UnknownMagic, RecordBatches.Measure(old, out _));
        old[11] = 13;
        Assert.Equal(BatchError.InvalidLength, RecordBatches.Measure(old, out _));
    }

    [Fact]
    public void A_transaction_marker_is_a_control_batch_of_one()
    {
        var builder = new RecordBatchBuilder(4096);
        var options = new BatchOptions { ProducerId = 9, ProducerEpoch = 3 };
        var bytes = ControlRecords.BuildEndTxnMarker(builder, options, 123, isCommit: true, coordinatorEpoch: 5);
        Assert.True(RecordBatches.TryRead(bytes.Span, out var batch, out _));
        Assert.True(batch.IsControl && batch.IsTransactional && batch.IsValidCrc);
        Assert.Equal((9L, (short)3, -1), (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence));
        var records = batch.Records;
        Assert.True(records.MoveNext());
        Assert.True(ControlRecords.TryReadKey(records.Current.Key, out var type));
        Assert.Equal(ControlRecordType.Commit, type);
        Assert.True(ControlRecords.TryReadEndTxnMarker(records.Current.Value, out var epoch));
        Assert.Equal(5, epoch);
    }
}
