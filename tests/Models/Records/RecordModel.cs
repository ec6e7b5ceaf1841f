using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Protocol.Batches;
using FsCheck;
using FsCheck.Fluent;

namespace Deterministic.Tests.Models.Records;

/// <summary>A record as plain values: the oracle that batches are compared with, and how to generate some.</summary>
public sealed record RecordModel(long Timestamp, byte[]? Key, byte[]? Value, (byte[] Key, byte[]? Value)[] Headers)
{
    /// <summary>Reads a record out of a batch.</summary>
    public static RecordModel Of(in RecordBatchView batch, in RecordView record)
    {
        var headers = new List<(byte[], byte[]?)>();
        foreach (var header in record.Headers)
        {
            headers.Add((header.Key.ToArray(), header.IsValueNull ? null : header.Value.ToArray()));
        }

        return new(
            batch.TimestampOf(record),
            record.IsKeyNull ? null : record.Key.ToArray(),
            record.IsValueNull ? null : record.Value.ToArray(),
            headers.ToArray());
    }

    public bool TryAppendTo(RecordBatchBuilder builder)
    {
        var headers = Headers.Select(header => new RecordHeader(
            header.Key, header.Value is null ? default(ReadOnlyMemory<byte>?) : header.Value)).ToArray();
        return builder.TryAppend(Timestamp, Key, Value, headers);
    }

    public static List<RecordModel> ReadAll(in RecordBatchView batch)
    {
        var records = new List<RecordModel>();
        var error = new BatchReader().Open(batch, 1 << 26, out var enumerator);
        while (error == BatchError.None && enumerator.MoveNext())
        {
            records.Add(Of(batch, enumerator.Current));
        }

        error = error == BatchError.None ? enumerator.Error : error;
        return error == BatchError.None ? records : throw new InvalidOperationException(error.ToString());
    }

    public bool Equals(RecordModel? other) => other is not null && Describe() == other.Describe();

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Describe());

    private string Describe() => string.Join(
        ' ',
        new[] { $"{Timestamp}", Hex(Key), Hex(Value) }.Concat(Headers.Select(h => $"{Hex(h.Key)}:{Hex(h.Value)}")));

    private static string Hex(byte[]? bytes) => bytes is null ? "null" : $"[{Convert.ToHexString(bytes)}]";
}

/// <summary>Generators for FsCheck.</summary>
public static class RecordArbitraries
{
    private static Gen<byte[]> Bytes => Gen.OneOf(
        Gen.Sized(size => Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), size)),
        Gen.Choose(0, 3000).Select(length => Enumerable.Range(0, length).Select(i => (byte)(i / 7)).ToArray()));

    private static Gen<byte[]?> NullableBytes =>
        Gen.Frequency((1, Gen.Constant((byte[]?)null)), (6, Bytes.Select(bytes => (byte[]?)bytes)));

    private static Gen<long> Timestamp => Gen.Frequency(
        (6, Gen.Choose(-1, int.MaxValue).Select(t => 1_700_000_000_000L + t)),
        (1, Gen.Constant(-1L)),
        (1, Gen.Elements(0L, 1, long.MaxValue, long.MaxValue - 1)));

    public static Arbitrary<RecordModel> Records() => Arb.From(
        from timestamp in Timestamp
        from key in NullableBytes
        from value in NullableBytes
        from count in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 4)))
        from headers in Gen.ArrayOf(Bytes.Zip(NullableBytes, (k, v) => (k, v)), count)
        select new RecordModel(timestamp, key, value, headers));
}
