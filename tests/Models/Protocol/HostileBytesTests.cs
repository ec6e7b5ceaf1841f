using System;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>
/// Bytes that no honest peer sends: cut, flipped, random, and with lengths that lie. Reading them never throws and
/// never allocates more than their own length can justify.
/// </summary>
public sealed class HostileBytesTests
{
    /// <summary>An empty struct is a few bytes on the wire and about a hundred in memory.</summary>
    private const int AllocatedPerByte = 200;

    /// <summary>A message, its first lists, and what a test framework adds.</summary>
    private const int AllocatedAnyway = 64 * 1024;

    [Property(MaxTest = 10)]
    public void A_message_that_is_cut_anywhere_fails_and_does_not_throw(ulong seed)
    {
        foreach (var message in MessageCatalog.All)
        {
            var version = (short)message.Schema.Versions.Last;
            var bytes = Frames.ToArray(MessageMaker.Make(message, version, seed), version);
            var step = Math.Max(1, bytes.Length / 40);
            for (var length = 0; length < bytes.Length; length += step)
            {
                var r = new ProtocolReader(bytes.AsMemory(0, length));
                message.New().Read(ref r, version);
                Assert.True(r.Failed, $"{message} v{version} of {bytes.Length} bytes was read from {length}");
            }
        }
    }

    [Property(MaxTest = 8)]
    public void Flipped_bits_never_throw_and_never_allocate_without_bound(ulong seed)
    {
        var random = new Prng(seed);
        foreach (var message in MessageCatalog.All)
        {
            var version = AnyVersion(message, random);
            var bytes = Frames.ToArray(MessageMaker.Make(message, version, seed), version);
            for (var flips = 0; flips < 8 && bytes.Length > 0; flips++)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                ReadBounded(message, version, bytes);
            }
        }
    }

    [Property(MaxTest = 8)]
    public void Random_bytes_never_throw_and_never_allocate_without_bound(ulong seed)
    {
        var random = new Prng(seed);
        var bytes = new byte[random.Next(4000)];
        random.Fill(bytes);
        foreach (var message in MessageCatalog.All)
        {
            ReadBounded(message, AnyVersion(message, random), bytes);
        }
    }

    [Theory]
    [InlineData((byte)0)]
    [InlineData((byte)1)]
    [InlineData((byte)2)]
    [InlineData((byte)0x7F)]
    [InlineData((byte)0xFF)]
    public void A_long_frame_of_one_byte_never_allocates_without_bound(byte value)
    {
        var bytes = new byte[200_000];
        Array.Fill(bytes, value);
        foreach (var message in MessageCatalog.All)
        {
            ReadBounded(message, (short)message.Schema.Versions.First, bytes);
            ReadBounded(message, (short)message.Schema.Versions.Last, bytes);
        }
    }

    [Fact]
    public void A_count_of_two_thousand_million_topics_in_a_small_frame_allocates_next_to_nothing()
    {
        byte[] metadataV1 = [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
        ReadBounded(MessageCatalog.Find("MetadataRequest"), 1, metadataV1);
        byte[] metadataV9 = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 0, 0];
        ReadBounded(MessageCatalog.Find("MetadataRequest"), 9, metadataV9);
    }

    [Fact]
    public void A_frame_of_more_structs_than_the_bound_is_refused()
    {
        const int topics = ProtocolReader.MaxStructs + 1;
        var bytes = new byte[4 + (topics * 2) + 1];
        new ProtocolWriter(bytes).WriteInt32(topics);
        var r = new ProtocolReader(bytes);
        new MetadataRequest().Read(ref r, 4);
        Assert.Equal(ProtocolError.TooManyStructs, r.Error);
    }

    [Fact]
    public void Every_kind_of_fault_is_named()
    {
        Assert.Equal(ProtocolError.Truncated, ErrorOf([0, 5, 1], (ref ProtocolReader r) => r.ReadString(false)));
        byte[] minusTwo = [0xFF, 0xFE];
        Assert.Equal(ProtocolError.InvalidLength, ErrorOf(minusTwo, (ref ProtocolReader r) => r.ReadString(false)));
        byte[] minusOne = [0xFF, 0xFF];
        Assert.Equal(ProtocolError.UnexpectedNull, ErrorOf(minusOne, (ref ProtocolReader r) => r.ReadString(false)));
        Assert.Equal(ProtocolError.UnexpectedNull, ErrorOf([0], (ref ProtocolReader r) => r.ReadString(true)));
        Assert.Equal(ProtocolError.InvalidText, ErrorOf([2, 0xC3], (ref ProtocolReader r) => r.ReadString(true)));
        byte[] endless = [0x80, 0x80, 0x80, 0x80, 0x80, 0];
        Assert.Equal(ProtocolError.InvalidVarint, ErrorOf(endless, (ref ProtocolReader r) => r.ReadString(true)));
        byte[] huge = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
        Assert.Equal(ProtocolError.InvalidLength, ErrorOf(huge, (ref ProtocolReader r) => r.ReadString(true)));
        Assert.Equal(ProtocolError.None, ErrorOf([0], (ref ProtocolReader r) => r.ReadNullableString(true)));
    }

    [Fact]
    public void After_the_first_fault_everything_reads_as_zero_and_the_first_error_stays()
    {
        var r = new ProtocolReader(new byte[] { 0xFF, 0xFF, 1, 2, 3, 4, 5, 6, 7, 8 });
        Assert.Equal("", r.ReadString(false));
        Assert.True(r.Failed);
        Assert.Equal((0L, 0, "", 0), (r.ReadInt64(), r.ReadInt8(), r.ReadString(true), r.Remaining));
        Assert.True(r.ReadNullableBytes(true).GetValueOrDefault().IsEmpty);
        Assert.Equal(ProtocolError.UnexpectedNull, r.Error);
    }

    [Fact]
    public void Unknown_tags_are_stepped_over_and_known_ones_still_found()
    {
        var request = new FetchRequest { ClusterId = "c" };
        var bytes = Frames.ToArray(request, 12);
        Assert.Equal(new byte[] { 1, 0, 2, 2, (byte)'c' }, bytes[^5..]);
        byte[] withUnknown = [.. bytes[..^5], 2, 0, 2, 2, (byte)'c', 77, 3, 1, 2, 3];
        var received = new FetchRequest();
        Assert.True(Frames.TryRead(withUnknown, received, 12));
        Assert.Equal(request, received);
    }

    private delegate object? Reading(ref ProtocolReader r);

    private static ProtocolError ErrorOf(byte[] bytes, Reading reading)
    {
        var r = new ProtocolReader(bytes);
        reading(ref r);
        return r.Error;
    }

    private static short AnyVersion(MessageClass message, Prng random) =>
        (short)random.Between(message.Schema.Versions.First, message.Schema.Versions.Last);

    private static void ReadBounded(MessageClass message, short version, byte[] bytes)
    {
        var target = message.New();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var r = new ProtocolReader(bytes);
        target.Read(ref r, version);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var bound = AllocatedAnyway + ((long)bytes.Length * AllocatedPerByte);
        Assert.True(allocated <= bound, $"{message} v{version} took {allocated} bytes for {bytes.Length}");
    }
}
