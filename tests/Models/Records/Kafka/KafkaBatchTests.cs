using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Deterministic.Tests.Models.Records.Kafka;

/// <summary>Batches that Kafka wrote, read by us, and the other way round.</summary>
[Collection(BatchOracleCollection.Name)]
public sealed class KafkaBatchTests(BatchOracle oracle)
{
    private static readonly string[] Names = ["none", "gzip", "snappy", "lz4", "zstd"];

    /// <summary>What Kafka 4.3.1 wrote of two small records: a check for machines without Kafka.</summary>
    public static TheoryData<CompressionType, string> WrittenByKafka => new()
    {
        {
            CompressionType.None,
            "00000000000000000000004affffffff024d52974400000000000100000000000000640000000000000069ffffffffffffffffffff"
            + "ffffffff0000000222000000046b3104763104026802760269010c000a02010000"
        },
        {
            CompressionType.Gzip,
            "00000000000000000000005effffffff027a6c871600010000000100000000000000640000000000000069ffffffffffffffffffff"
            + "ffffffff000000021f8b08000000000000ff5362606060c9366429336461ca602a63ca64e461e06262646000007e277e68"
            + "19000000"
        },
        {
            CompressionType.Snappy,
            "000000000000000000000060ffffffff0293763daa00020000000100000000000000640000000000000069ffffffffffffffffffff"
            + "ffffffff0000000282534e415050590000000001000000010000001b196022000000046b3104763104026802760269010c"
            + "000a02010000"
        },
        {
            CompressionType.Lz4,
            "000000000000000000000059ffffffff02b0334c2400030000000100000000000000640000000000000069ffffffffffffffffffff"
            + "ffffffff0000000204224d186040821900008022000000046b3104763104026802760269010c000a0201000000000000"
        },
        {
            CompressionType.Zstd,
            "000000000000000000000056ffffffff0273bd227100040000000100000000000000640000000000000069ffffffffffffffffffff"
            + "ffffffff0000000228b52ffd0058c8000022000000046b3104763104026802760269010c000a02010000010000"
        },
    };

    private static RecordModel[] TwoRecords =>
    [
        new(100, "k1"u8.ToArray(), "v1"u8.ToArray(), [("h"u8.ToArray(), "v"u8.ToArray()), ("i"u8.ToArray(), null)]),
        new(105, null, [], []),
    ];

    [Theory]
    [MemberData(nameof(WrittenByKafka))]
    public void Batches_that_Kafka_wrote_once_are_read(CompressionType type, string hex)
    {
        Assert.True(RecordBatches.TryRead(Convert.FromHexString(hex).AsSpan(), out var batch, out _));
        Assert.True(batch.IsValidCrc);
        Assert.Equal(type, batch.Compression);
        Assert.Equal(TwoRecords, RecordModel.ReadAll(batch));
    }

    [Fact]
    public void An_uncompressed_batch_is_byte_for_byte_what_Kafka_once_wrote()
    {
        var hex = (string)WrittenByKafka.First()[1];
        Assert.Equal(hex, BatchOracle.Hex(Write(TwoRecords, CompressionSetting.None)));
    }

    [KafkaFact]
    public void Batches_of_every_codec_and_level_that_Kafka_writes_are_read()
    {
        foreach (var (name, type) in Names.Zip(Enum.GetValues<CompressionType>()))
        {
            foreach (var (records, level) in Samples().Zip(Levels(type)))
            {
                var question = $"write {name} {level} {string.Join('|', records.Select(BatchOracle.Describe))}";
                var bytes = Convert.FromHexString(oracle.Ask(question));
                Assert.True(RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _));
                Assert.True(batch.IsValidCrc);
                Assert.Equal(type, batch.Compression);
                Assert.Equal(records, RecordModel.ReadAll(batch));
            }
        }
    }

    [KafkaFact]
    public void Batches_of_every_codec_and_level_that_we_write_are_read_by_Kafka()
    {
        foreach (var type in Enum.GetValues<CompressionType>())
        {
            foreach (var (records, level) in Samples().Zip(Levels(type)))
            {
                var setting = CompressionSetting.Of(type);
                setting = level == "-" ? setting : setting with { Level = int.Parse(level, null) };
                var expected = records.Select((record, i) => $"{i}:{BatchOracle.Describe(record)}");
                var actual = oracle.Ask("read " + BatchOracle.Hex(Write(records, setting)));
                Assert.Equal(string.Join('|', expected), actual);
            }
        }
    }

    [KafkaFact]
    public void An_uncompressed_batch_is_byte_for_byte_what_Kafka_writes()
    {
        foreach (var records in Samples())
        {
            var kafkas = oracle.Ask($"write none - {string.Join('|', records.Select(BatchOracle.Describe))}");
            Assert.Equal(kafkas, BatchOracle.Hex(Write(records, CompressionSetting.None)));
        }
    }

    private static byte[] Write(IEnumerable<RecordModel> records, CompressionSetting setting)
    {
        var builder = new RecordBatchBuilder(1 << 24);
        builder.Begin(new BatchOptions { Compression = setting });
        Assert.All(records, record => Assert.True(record.TryAppendTo(builder)));
        return builder.Build().ToArray();
    }

    private static IEnumerable<string> Levels(CompressionType type)
    {
        string[] levels = type switch
        {
            CompressionType.Gzip => ["-", "1", "9"],
            CompressionType.Lz4 => ["-", "1", "17"],
            CompressionType.Zstd => ["-", "-7", "1", "19"],
            CompressionType.None or CompressionType.Snappy => ["-"],
        };
        return Enumerable.Repeat(levels, 100).SelectMany(all => all);
    }

    /// <summary>Generated records that Kafka's builder takes: header keys are text.</summary>
    private static IEnumerable<RecordModel[]> Samples() =>
        RecordArbitraries.Records().Generator.NonEmptyListOf().Sample(24, 12).Select(records => records
            .Select(record => record with
            {
                Headers = [.. record.Headers.Select((h, i) => (Encoding.UTF8.GetBytes($"h{i}"), h.Value))],
            })
            .ToArray());
}
