using System;
using System.Text;
using Deterministic.Protocol.Batches;
using Deterministic.Protocol.Compression;

namespace Deterministic.Perf.Micro;

/// <summary>What a record batch costs to build, to judge and to open: 1000 records of 100 bytes of text.</summary>
internal static class BatchBench
{
    private const int RecordCount = 1000;

    public static void Run()
    {
        var builder = new RecordBatchBuilder(1 << 20);
        var validation = new BatchValidation();
        var reader = new BatchReader();
        foreach (var type in Enum.GetValues<CompressionType>())
        {
            var setting = CompressionSetting.Of(type);
            var batch = Fill(builder, setting).ToArray();
            var plainBytes = Fill(new RecordBatchBuilder(1 << 20), CompressionSetting.None).Length;
            Bench.Run($"build, {type} ({batch.Length} bytes)", plainBytes, RecordCount, () => Fill(builder, setting));
            Bench.Run($"judge, {type}", plainBytes, RecordCount, () => validation.Validate(batch, new(), 1));
            Bench.Run($"open and read, {type}", plainBytes, RecordCount, () => Read(reader, batch));
        }
    }

    private static Memory<byte> Fill(RecordBatchBuilder builder, CompressionSetting setting)
    {
        builder.Begin(new BatchOptions { Compression = setting });
        Span<byte> value = stackalloc byte[100];
        for (var i = 0; i < RecordCount; i++)
        {
            value.Fill((byte)' ');
            var number = (uint)i * 2654435761;
            Encoding.ASCII.GetBytes("order received, customer ", value);
            number.TryFormat(value[25..], out _);
            (number % 977).TryFormat(value[60..], out _);
            builder.TryAppend(1, default, value);
        }

        return builder.Build();
    }

    private static long Read(BatchReader reader, byte[] bytes)
    {
        RecordBatches.TryRead(bytes.AsSpan(), out var batch, out _);
        reader.Open(batch, 1 << 20, out var records);
        var sum = 0L;
        while (records.MoveNext())
        {
            ref readonly var record = ref records.Current;
            sum += record.Value.Length;
        }

        return sum;
    }
}
