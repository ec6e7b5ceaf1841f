using System;
using Deterministic.Protocol;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Records;

/// <summary>The fast checksum against the slow one, over lengths and alignments that choose its paths.</summary>
public sealed class Crc32CTests
{
    [Fact]
    public void The_check_value_of_the_catalogue_comes_out() =>
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));

    [Fact]
    public void Every_length_to_4096_at_every_alignment_gives_what_the_table_gives()
    {
        var bytes = new byte[4096 + 64];
        new Random(7).NextBytes(bytes);
        for (var alignment = 0; alignment < 64; alignment += 7)
        {
            // The table form continues from length to length, so that the oracle stays linear.
            var oracle = 0u;
            for (var length = 0; length <= 4096; length++)
            {
                Assert.Equal(oracle, Crc32C.Compute(bytes.AsSpan(alignment, length)));
                oracle = Crc32C.AppendByTable(oracle, bytes.AsSpan(alignment + length, 1));
            }
        }
    }

    [Property]
    public bool Appending_in_two_parts_is_appending_the_whole(byte[] bytes, ushort cut, byte repeat)
    {
        var whole = new byte[bytes.Length * (1 + repeat)];
        for (var i = 0; i < whole.Length; i++)
        {
            whole[i] = (byte)(bytes[i % bytes.Length] + i);
        }

        var at = cut % (whole.Length + 1);
        return Crc32C.Append(Crc32C.Compute(whole.AsSpan(0, at)), whole.AsSpan(at)) == Crc32C.Compute(whole);
    }
}
