using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using Xunit;

namespace Deterministic.Tests.Models.Records.Kafka;

/// <summary>
/// The same batches, mostly wrong ones, handed to Kafka's log and to our validation: the same error, the same refused
/// records, the same bytes stored.
/// </summary>
[Collection(BatchOracleCollection.Name)]
public sealed class KafkaValidationTests(BatchOracle oracle)
{
    private const long NowMs = 2000;

    private const int LeaderEpoch = 7;

    private readonly Codec _codec = new();

    [KafkaFact]
    public void Random_batches_are_judged_as_Kafka_judges_them()
    {
        var random = new Random(20261123);
        var verdicts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < 300; i++)
        {
            var (properties, rules) = RandomRules(random);
            var bytes = RandomTail(random, RandomBatch(random).Build());
            var answer = oracle.Ask(
                $"append {properties} {NowMs} {rules.ProduceVersion} {BatchOracle.Hex(bytes)}", out var error);
            var about = $"case {i}: {properties} {BatchOracle.Hex(bytes)}: {error}";
            var code = Compare(bytes, rules, answer, error, about);
            verdicts[code] = verdicts.GetValueOrDefault(code) + 1;
        }

        // A generator that only ever makes one kind of batch would prove nothing.
        Assert.True(verdicts.GetValueOrDefault("None") > 30, string.Join(' ', verdicts));
        Assert.True(verdicts.Count >= 6, string.Join(' ', verdicts));
    }

    private string Compare(byte[] bytes, in BatchRules rules, string? answer, string error, string about)
    {
        var validation = new BatchValidation(_codec);
        var verdict = validation.Validate(bytes, rules, NowMs);
        var code = verdict.Error.ToString();
        if (verdict.Message is "The offset deltas are not consecutive." or "A record's fields do not fit its length.")
        {
            // Kafka looks less closely inside compressed batches; here we are stricter on purpose, and only here.
            Assert.Equal(ErrorCode.InvalidRecord, verdict.Error);
            return "Stricter";
        }

        if (answer is null)
        {
            var kafkas = error[..error.IndexOf(' ', StringComparison.Ordinal)];
            if (error.Contains("Invalid negative", StringComparison.Ordinal))
            {
                // Kafka stores what is below -1, and only stumbles over it when it must write it anew.
                return "Negative";
            }

            var isSame = kafkas == "UNKNOWN_SERVER_ERROR"
                ? verdict.Error is ErrorCode.InvalidRecord or ErrorCode.UnsupportedCompressionType
                : kafkas.Replace("_", "", StringComparison.Ordinal).Equals(code, StringComparison.OrdinalIgnoreCase);
            Assert.True(isSame, $"{code} in {about}");
            Assert.Equal(
                error.Split('|').Skip(1), validation.RecordErrors.Select(refused => $"{refused.BatchIndex}"));
            return code;
        }

        Assert.True(verdict.Error == ErrorCode.None, $"{code} in {about}");
        CompareStored(bytes, rules, validation, verdict, answer.Split(' '));
        return code;
    }

    private void CompareStored(
        byte[] bytes, in BatchRules rules, BatchValidation validation, in BatchVerdict verdict, string[] answer)
    {
        Assert.Equal(answer[2], $"{verdict.MaxTimestamp}");
        Assert.True(RecordBatches.TryRead(Convert.FromHexString(answer[4]).AsSpan(), out var kafkas, out _));
        Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var ours, out _));
        if (verdict.MustRewrite)
        {
            var rewritten = new BatchRewriter(_codec).Rewrite(ours, validation.RecordsOf(ours), rules, verdict);
            Assert.True(RecordBatches.TryRead(rewritten.Span, out ours, out _));
        }
        else
        {
            BatchRewriter.Stamp(ours, rules.TimestampType, verdict.MaxTimestamp);
        }

        ours.SetPartitionLeaderEpoch(LeaderEpoch);
        Assert.Equal(verdict.SizeInBytes, verdict.MustRewrite ? verdict.SizeInBytes : kafkas.SizeInBytes);
        if (verdict.MustRewrite && ours.Compression != CompressionType.None)
        {
            // Codecs choose their own matches; everything they do not decide is the same.
            Assert.True(ours.IsValidCrc);
            Assert.Equal(RecordModel.ReadAll(kafkas), RecordModel.ReadAll(ours));
            Assert.Equal(Convert.ToHexString(kafkas.Bytes[21..61]), Convert.ToHexString(ours.Bytes[21..61]));
        }
        else
        {
            Assert.True(
                kafkas.Bytes.SequenceEqual(ours.Bytes),
                $"{BatchOracle.Hex(kafkas.Bytes)} and {BatchOracle.Hex(ours.Bytes)} of {BatchOracle.Hex(bytes)}");
        }
    }

    private static (string Properties, BatchRules Rules) RandomRules(Random random)
    {
        var rules = new BatchRules { ProduceVersion = 13 };
        var properties = new List<string>();
        void Add(int outOf, string property, BatchRules changed)
        {
            if (random.Next(outOf) == 0)
            {
                properties.Add(property);
                rules = changed;
            }
        }

        Add(4, "cleanup.policy=compact", rules with { IsCompacted = true });
        Add(4, "message.timestamp.type=LogAppendTime", rules with { TimestampType = TimestampType.LogAppendTime });
        Add(6, "message.timestamp.before.max.ms=1500", rules with { TimestampBeforeMaxMs = 1500 });
        Add(6, "message.timestamp.after.max.ms=0", rules with { TimestampAfterMaxMs = 0 });
        Add(12, "max.message.bytes=75", rules with { MaxMessageBytes = 75 });
        var type = (CompressionType)random.Next(5);
        var name = type == CompressionType.None ? "uncompressed" : type.ToString().ToLowerInvariant();
        Add(4, $"compression.type={name}", rules with { Compression = CompressionSetting.Of(type) });
        Add(40, "max.message.bytes=10000000", rules with { ProduceVersion = 6, MaxMessageBytes = 10_000_000 });
        return (properties.Count == 0 ? "-" : string.Join(';', properties), rules);
    }

    private static BatchForge RandomBatch(Random random)
    {
        bool Rarely(int outOf = 30) => random.Next(outOf) == 0;
        var batch = new BatchForge { Attributes = (short)(random.Next(3) == 0 ? random.Next(5) : 0) };
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            batch.Records.Add(RandomRecord(random, batch.Records.Count));
        }

        var count = batch.Records.Count;
        batch.BaseOffset = Rarely() ? 5 : 0;
        batch.Magic = Rarely() ? (byte)random.Next(4) : (byte)2;
        batch.CrcMask = Rarely() ? 1u : 0;
        batch.LastOffsetDelta = Rarely() ? random.Next(-2, 4) : null;
        batch.Count = Rarely() ? random.Next(-2, 4) : null;
        (batch.LastOffsetDelta, batch.Count) = Rarely() ? (count, count + 1) : (batch.LastOffsetDelta, batch.Count);
        (batch.LastOffsetDelta, batch.Count) = Rarely() ? (count - 2, count - 1) : (batch.LastOffsetDelta, batch.Count);
        batch.BaseTimestamp = Rarely(10) ? random.Next(-6, 4) : 1000;
        batch.BaseTimestamp = Rarely(20) ? NowMs + 3_600_000 + random.Next(-1, 2) : batch.BaseTimestamp;
        batch.MaxTimestamp = Rarely(5) ? random.Next(-2, 5000) : null;
        batch.ProducerId = Rarely(5) ? random.Next(-2, 4) : -1;
        batch.BaseSequence = Rarely(2) ? random.Next(-2, 4) : -1;
        batch.Attributes |= (short)(Rarely(15) ? 8 : 0);
        batch.Attributes |= (short)(Rarely() ? 32 : 0);
        batch.Attributes |= (short)(Rarely() ? 0x7F40 & random.Next(0x8000) : 0);
        batch.Attributes = Rarely() ? (short)random.Next(5, 8) : batch.Attributes;
        if (Rarely(12))
        {
            var cut = random.Next(1, 12);
            batch.Spoil = payload => payload[..Math.Max(0, payload.Length - cut)];
        }

        return batch;
    }

    private static byte[] RandomRecord(Random random, int index)
    {
        bool Rarely(int outOf = 60) => random.Next(outOf) == 0;
        var key = Rarely(8) ? null : Rarely(8) ? [] : BatchForge.Key;
        byte[]? headers = Rarely(10) ? [.. BatchForge.Varint(1), 2, (byte)'h', 2, (byte)'v'] : null;
        headers = Rarely() ? [.. BatchForge.Varint(1), 1, 1] : headers;
        headers = Rarely() ? [.. BatchForge.Varint(1), 2, (byte)'h', 1] : headers;
        headers = Rarely() ? [.. BatchForge.Varint(random.Next(-2, 300))] : headers;
        return BatchForge.Record(
            Rarely() ? random.Next(-1, 4) : index,
            Rarely(4) ? random.Next(-10, 2000) : 0,
            key,
            Rarely() ? random.Next(-5, 300) : null,
            headers,
            Rarely() ? random.Next(-3, 4) : 0);
    }

    /// <summary>What may stand behind a batch: nothing, part of another, all of it, or junk.</summary>
    private static byte[] RandomTail(Random random, byte[] batch) => random.Next(30) switch
    {
        0 => [.. batch, .. batch],
        1 => [.. batch, .. batch[..^random.Next(1, batch.Length)]],
        2 => batch[..^random.Next(1, batch.Length)],
        3 => [.. batch, .. new byte[random.Next(1, 40)]],
        4 => [],
        _ => batch,
    };
}
