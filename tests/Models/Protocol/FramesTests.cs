using System;
using System.Collections.Generic;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Xunit;
using RecordBytes = Deterministic.Protocol.Records;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>Headers, lengths, gaps for file slices, and what reading a frame costs.</summary>
public sealed class FramesTests
{
    [Theory]
    [InlineData(ApiKey.Metadata, (short)8)]
    [InlineData(ApiKey.Metadata, (short)9)]
    [InlineData(ApiKey.ApiVersions, (short)3)]
    [InlineData(ApiKey.OffsetDelete, (short)0)]
    public void A_request_header_comes_back_and_leaves_the_reader_at_the_message(ApiKey key, short version)
    {
        var header = new RequestHeader(key, version, 77, "client");
        var request = ApiTable.NewRequest(key)!;
        var frame = Frames.Request(header, request);
        var r = new ProtocolReader(frame);
        Assert.Equal(frame.Length - Frames.LengthBytes, r.ReadInt32());
        Assert.Equal(header, RequestHeader.Read(ref r));
        var received = ApiTable.NewRequest(key)!;
        received.Read(ref r, version);
        Assert.Equal((request, false, 0), (received, r.Failed, r.Remaining));
    }

    [Fact]
    public void The_client_id_keeps_the_old_form_in_flexible_headers()
    {
        var frame = Frames.Request(new RequestHeader(ApiKey.Metadata, 9, 1, "ab"), new MetadataRequest());
        Assert.Equal(new byte[] { 0, 3, 0, 9, 0, 0, 0, 1, 0, 2, (byte)'a', (byte)'b', 0 }, frame[4..17]);
        var without = Frames.Request(new RequestHeader(ApiKey.Metadata, 9, 1, null), new MetadataRequest());
        Assert.Equal(new byte[] { 0xFF, 0xFF, 0 }, without[12..15]);
    }

    [Theory]
    [InlineData(ApiKey.ApiVersions, (short)3, 8)]
    [InlineData(ApiKey.Metadata, (short)8, 8)]
    [InlineData(ApiKey.Metadata, (short)9, 9)]
    public void Response_headers_have_tags_in_flexible_versions_but_never_for_ApiVersions(
        ApiKey key, short version, int messageStartsAt)
    {
        var response = ApiTable.NewResponse(key)!;
        var frame = Frames.Response(new RequestHeader(key, version, 5, null), response);
        Assert.Equal(messageStartsAt + response.Size(version).Total, frame.Length);
        var received = Frames.ReadResponse(frame.AsMemory(Frames.LengthBytes), key, version, out var correlationId);
        Assert.Equal(5, correlationId);
        Assert.Equal(response, received);
    }

    [Fact]
    public void A_version_of_the_future_still_gives_its_header()
    {
        byte[] frame = [0, 18, 0, 99, 0, 0, 0, 7, 0, 1, (byte)'x', 0xAB, 0xCD];
        var r = new ProtocolReader(frame);
        var header = RequestHeader.Read(ref r);
        Assert.Equal(new RequestHeader(ApiKey.ApiVersions, 99, 7, "x"), header);
        Assert.False(header.IsKnown);
        Assert.False(r.Failed);
    }

    [Theory]
    [InlineData((short)11)]
    [InlineData((short)16)]
    public void Slices_of_files_leave_gaps_where_their_bytes_would_be(short version)
    {
        var first = new FileSlice(new FileId(3), 100, 5);
        var second = new FileSlice(new FileId(4), 0, 300);
        var slices = Response(new RecordBytes(first), new RecordBytes(second));
        var bytes = Response(new RecordBytes(new byte[] { 1, 2, 3, 4, 5 }), new RecordBytes(new byte[300]));
        var header = new RequestHeader(ApiKey.Fetch, version, 1, null);
        var size = Frames.ResponseSize(ApiKey.Fetch, version, slices);
        var whole = Frames.Response(header, bytes);
        Assert.Equal((whole.Length, whole.Length - 305), (size.Total, size.InMemory));

        var buffer = new byte[size.InMemory];
        var gaps = new List<FrameGap>();
        Frames.WriteResponse(buffer, header, slices, size, gaps);
        Assert.Equal((2, first, second), (gaps.Count, gaps[0].Slice, gaps[1].Slice));
        byte[] filled =
        [
            .. buffer[..gaps[0].AtOffset], 1, 2, 3, 4, 5,
            .. buffer[gaps[0].AtOffset..gaps[1].AtOffset], .. new byte[300],
            .. buffer[gaps[1].AtOffset..],
        ];
        Assert.Equal(whole, filled);
    }

    [Fact]
    public void Records_read_from_a_frame_are_the_frames_own_bytes()
    {
        var request = new ProduceRequest();
        request.TopicData.Add(new() { Name = "t" });
        request.TopicData[0].PartitionData.Add(new() { Records = new RecordBytes(new byte[] { 1, 2, 3 }) });
        var frame = Frames.ToArray(request, 9);
        var received = new ProduceRequest();
        Assert.True(Frames.TryRead(frame, received, 9));
        var records = received.TopicData[0].PartitionData[0].Records!.Value;
        records.Bytes.Span[1] = 42;
        Assert.Equal(42, frame[frame.AsSpan().IndexOf(new byte[] { 1, 42, 3 }) + 1]);
    }

    [Fact]
    public void Reading_a_produce_request_costs_the_same_for_one_record_as_for_a_megabyte_of_them()
    {
        var small = Produce(100);
        var large = Produce(1_000_000);
        ReadProduce(small);
        Assert.Equal(ReadProduce(small), ReadProduce(large));
        Assert.True(ReadProduce(large) < 1000, $"{ReadProduce(large)} bytes");
    }

    [Fact]
    public void A_metadata_record_carries_its_frame_version_number_and_version()
    {
        var record = new TopicRecord { Name = "t", TopicId = new Uuid(1, 2) };
        var value = MetadataRecords.ToArray(record, 0);
        Assert.Equal(new byte[] { 1, 2, 0, 2, (byte)'t' }, value[..5]);
        Assert.Equal(record, MetadataRecords.Read(value, out var version));
        Assert.Equal(0, version);
        Assert.Null(MetadataRecords.Read(value.AsMemory(..^1), out _));
        Assert.Null(MetadataRecords.Read(new byte[] { 1, 6, 0 }, out _));
        Assert.Null(MetadataRecords.Read(new byte[] { 2, 2, 0 }, out _));
        Assert.Null(MetadataRecords.Read(new byte[] { 1, 2, 1, 2, (byte)'t' }, out _));
        Assert.Null(MetadataRecords.Read(Array.Empty<byte>(), out _));
    }

    [Fact]
    public void Coordinator_keys_begin_with_their_number_and_values_with_their_version()
    {
        Assert.Equal(new byte[] { 0, 2, 0, 1, (byte)'g' }, Frames.ToKeyArray(new GroupMetadataKey { Group = "g" }));
        Assert.Equal(new byte[] { 0, 3 }, Frames.ToVersionedArray(new OffsetCommitValue(), 3)[..2]);
    }

    private static FetchResponse Response(RecordBytes first, RecordBytes second)
    {
        var response = new FetchResponse();
        response.Responses.Add(new() { Topic = "t" });
        response.Responses[0].Partitions.Add(new() { PartitionIndex = 0, Records = first });
        response.Responses[0].Partitions.Add(new() { PartitionIndex = 1, Records = second });
        return response;
    }

    private static byte[] Produce(int recordBytes)
    {
        var request = new ProduceRequest { Acks = -1 };
        request.TopicData.Add(new() { TopicId = new Uuid(1, 1) });
        request.TopicData[0].PartitionData.Add(new() { Records = new RecordBytes(new byte[recordBytes]) });
        return Frames.ToArray(request, 13);
    }

    private static long ReadProduce(byte[] frame)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var r = new ProtocolReader(frame);
        new ProduceRequest().Read(ref r, 13);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
