using System;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using Xunit;

namespace Deterministic.Tests.Models.Records;

/// <summary>What a leader says of a client's batch: each time Kafka 4.3.1's answer too, unless it says not.</summary>
public sealed class BatchValidationTests
{
    private const long NowMs = 2000;

    private readonly BatchValidation _validation = new();

    private static BatchForge Good => new BatchForge().With(
        BatchForge.Record(0, 3, BatchForge.Key), BatchForge.Record(1, 7, BatchForge.Key), BatchForge.Record(2, 5));

    [Fact]
    public void A_good_batch_is_good_and_its_largest_timestamp_is_found()
    {
        var verdict = Validate(Good);
        Assert.Equal(ErrorCode.None, verdict.Error);
        Assert.Equal((1007, 1), (verdict.MaxTimestamp, verdict.OffsetDeltaOfMaxTimestamp));
        Assert.False(verdict.MustRewrite);
    }

    [Fact]
    public void The_headers_own_largest_timestamp_is_put_right()
    {
        var bytes = new BatchForge { MaxTimestamp = 9999 }.With(BatchForge.Record(0, 3)).Build();
        Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _));
        var verdict = _validation.Validate(bytes, new(), NowMs);
        BatchRewriter.Stamp(batch, TimestampType.CreateTime, verdict.MaxTimestamp);
        Assert.Equal((1003, true), (batch.MaxTimestamp, batch.IsValidCrc));
    }

    [Fact]
    public void The_broker_stamps_a_batch_where_the_topic_says_so()
    {
        var rules = new BatchRules { TimestampType = TimestampType.LogAppendTime };
        var bytes = Good.Build();
        Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _));
        var verdict = _validation.Validate(bytes, rules, NowMs);
        Assert.Equal((NowMs, 2), (verdict.MaxTimestamp, verdict.OffsetDeltaOfMaxTimestamp));
        BatchRewriter.Stamp(batch, rules.TimestampType, verdict.MaxTimestamp);
        Assert.True(batch.IsValidCrc);
        Assert.All(RecordModel.ReadAll(batch), record => Assert.Equal(NowMs, record.Timestamp));

        // The bit is the broker's: a producer may not bring it along.
        Assert.Equal(ErrorCode.InvalidTimestamp, _validation.Validate(bytes, rules, NowMs).Error);
        Assert.Equal([0, 1, 2], _validation.RecordErrors.Select(error => error.BatchIndex));
    }

    [Fact]
    public void Exactly_one_batch_of_the_present_format_is_wanted()
    {
        byte[] good = Good.Build();
        var rules = new BatchRules();
        ErrorCode Of(byte[] bytes) => _validation.Validate(bytes, rules, NowMs).Error;
        Assert.Equal(ErrorCode.InvalidRecord, Of([]));
        Assert.Equal(ErrorCode.InvalidRecord, Of(good[..^1]));
        Assert.Equal(ErrorCode.InvalidRecord, Of([.. good, .. good]));
        Assert.Equal(ErrorCode.None, Of([.. good, .. good[..^1]]));
        Assert.Equal(ErrorCode.CorruptMessage, Of([.. good, .. new byte[20]]));
        Assert.Equal(ErrorCode.InvalidRecord, Validate(new BatchForge { Magic = 1 }.With(BatchForge.Record(0))).Error);
        Assert.Equal(ErrorCode.CorruptMessage, Validate(new BatchForge { Magic = 3 }.With(BatchForge.Record(0))).Error);
    }

    [Fact]
    public void The_header_must_fit_what_it_heads()
    {
        ErrorCode Of(BatchForge batch) => Validate(batch.With(BatchForge.Record(0))).Error;
        Assert.Equal(ErrorCode.None, Of(new()));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { BaseOffset = 5, CrcMask = 1 }));
        Assert.Equal(ErrorCode.CorruptMessage, Of(new() { CrcMask = 1 }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { LastOffsetDelta = -1, Count = 0 }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { LastOffsetDelta = int.MinValue, Count = int.MinValue + 1 }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { LastOffsetDelta = int.MaxValue, Count = int.MinValue }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { Count = 2 }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { Count = 2, LastOffsetDelta = 1 }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { Attributes = RecordBatchLayout.ControlBit }));
        Assert.Equal(ErrorCode.InvalidRecord, Of(new() { ProducerId = 7, ProducerEpoch = 0 }));
        Assert.Equal(ErrorCode.None, Of(new() { ProducerId = 7, ProducerEpoch = 0, BaseSequence = 0 }));
        Assert.Equal(ErrorCode.UnsupportedCompressionType, Of(new() { Attributes = 5 }));
        Assert.Equal(
            ErrorCode.MessageTooLarge,
            Validate(new BatchForge { CrcMask = 1 }.With(BatchForge.Record(0)), new() { MaxMessageBytes = 68 }).Error);
    }

    [Fact]
    public void Offset_deltas_that_are_not_consecutive_are_refused_though_Kafka_stores_them()
    {
        var repeated = new BatchForge().With(BatchForge.Record(0), BatchForge.Record(0));
        Assert.Equal(ErrorCode.InvalidRecord, Validate(repeated).Error);
    }

    [Fact]
    public void Compacted_topics_refuse_records_without_a_key_one_by_one()
    {
        var batch = new BatchForge().With(
            BatchForge.Record(0, 0, BatchForge.Key),
            BatchForge.Record(1),
            BatchForge.Record(2, 0, []),
            BatchForge.Record(3));
        Assert.Equal(ErrorCode.InvalidRecord, Validate(batch, new() { IsCompacted = true }).Error);
        Assert.Equal([1, 3], _validation.RecordErrors.Select(error => error.BatchIndex));
        Assert.Equal(ErrorCode.None, Validate(batch).Error);
        Assert.Empty(_validation.RecordErrors);
    }

    [Fact]
    public void Timestamps_must_lie_within_the_topics_limits()
    {
        BatchForge At(long timestamp) => new BatchForge { BaseTimestamp = timestamp }.With(BatchForge.Record(0));
        var rules = new BatchRules { TimestampBeforeMaxMs = 10, TimestampAfterMaxMs = 20 };
        Assert.Equal(ErrorCode.None, Validate(At(NowMs - 10), rules).Error);
        Assert.Equal(ErrorCode.InvalidTimestamp, Validate(At(NowMs - 11), rules).Error);
        Assert.Equal(ErrorCode.None, Validate(At(NowMs + 20), rules).Error);
        Assert.Equal(ErrorCode.InvalidTimestamp, Validate(At(NowMs + 21), rules).Error);
        Assert.Equal(ErrorCode.None, Validate(At(-1), rules).Error);
        Assert.Equal(ErrorCode.None, Validate(At(long.MaxValue), new() { TimestampAfterMaxMs = long.MaxValue }).Error);
        Assert.Equal(ErrorCode.InvalidTimestamp, Validate(At(long.MinValue)).Error);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Zstd)]
    public void A_topic_with_its_own_codec_gets_the_batch_rewritten(CompressionType type)
    {
        var rules = new BatchRules { Compression = CompressionSetting.Of(type) };
        var batch = Good;
        (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.Attributes) = (7, 1, 3, 2 | 16);
        var bytes = batch.Build();
        var verdict = _validation.Validate(bytes, rules, NowMs);
        Assert.True(verdict.MustRewrite);
        Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var source, out _));
        var rewritten = new BatchRewriter().Rewrite(source, _validation.RecordsOf(source), rules, verdict);
        Assert.True(RecordBatches.TryRead(rewritten.Span, out var result, out _));
        Assert.True(result.IsValidCrc && result.IsTransactional);
        Assert.Equal(type, result.Compression);
        Assert.Equal(
            (source.ProducerId, source.ProducerEpoch, source.BaseSequence, source.LastOffsetDelta),
            (result.ProducerId, result.ProducerEpoch, result.BaseSequence, result.LastOffsetDelta));
        Assert.Equal(1007, result.MaxTimestamp);
        Assert.Equal(RecordModel.ReadAll(source), RecordModel.ReadAll(result));
    }

    [Fact]
    public void A_good_uncompressed_batch_is_judged_stamped_and_read_without_allocating()
    {
        var builder = new RecordBatchBuilder(1 << 20);
        var headers = new[] { new RecordHeader("h", [1]) };
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(builder.TryAppend(NowMs + i, "key"u8, "value"u8, headers));
        }

        var bytes = builder.Build().ToArray();
        var rules = new BatchRules { IsCompacted = true };
        Assert.Equal(8000, Walk(bytes, rules));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            Walk(bytes, rules);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_builder_used_again_allocates_nothing_for_plain_batches()
    {
        var builder = new RecordBatchBuilder(1 << 20);
        var headers = new[] { new RecordHeader("h", [1]) };
        long Fill()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            builder.Begin(new());
            for (var i = 0; i < 1000; i++)
            {
                builder.TryAppend(NowMs + i, "key"u8, "value"u8, headers);
            }

            builder.Build();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Fill();
        Assert.Equal(0, Fill());
    }

    private int Walk(byte[] bytes, in BatchRules rules)
    {
        var verdict = _validation.Validate(bytes, rules, NowMs);
        RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _);
        BatchRewriter.Stamp(batch, TimestampType.CreateTime, verdict.MaxTimestamp);
        batch.SetBaseOffset(0);
        var size = 0;
        var records = batch.Records;
        while (records.MoveNext())
        {
            size += records.Current.Key.Length + records.Current.Value.Length - 1;
            foreach (var header in records.Current.Headers)
            {
                size += header.Value.Length;
            }
        }

        return size;
    }

    private BatchVerdict Validate(BatchForge batch, BatchRules? rules = null) =>
        _validation.Validate(batch.Build(), rules ?? new BatchRules(), NowMs);
}
