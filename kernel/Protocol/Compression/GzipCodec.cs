using System;
using System.IO;
using System.IO.Compression;

namespace Deterministic.Protocol.Compression;

/// <summary>gzip: one member written, any number read.</summary>
/// <remarks>
/// The framework offers gzip only as a stream. The streams here have memory at both ends, so that nothing of
/// System.IO reaches a file or waits: the only place, with <see cref="ScratchStream"/>, where the kernel names it.
/// </remarks>
internal sealed class GzipCodec
{
    private const int MinLevel = 1;

    private const int MaxLevel = 9;

    private const int DefaultLevel = 6;

    private const int ReadBytes = 16 * 1024;

    /// <summary>Where the header keeps modification time, extra flags and operating system.</summary>
    private const int VaryingHeaderAt = 4;

    private const int HeaderBytes = 10;

    private readonly ScratchBuffer _input = new();

    /// <summary>The member of no bytes, which the framework would leave out altogether.</summary>
    private static ReadOnlySpan<byte> EmptyMember =>
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>
    /// Read behind the producer's members. The framework does not mind when they end too early, and stops at junk
    /// behind them; Java minds the first. Where this is not what came out last, they did not end where they should.
    /// </summary>
    private static ReadOnlySpan<byte> Seal =>
    [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x2B, 0x4E, 0x4D, 0xCC, 0x49, 0x4D, 0x01, 0x00, 0x70, 0xBE, 0xA4, 0xFD, 0x06, 0x00, 0x00, 0x00,
    ];

    private static ReadOnlySpan<byte> SealContent => "sealed"u8;

    public void Compress(ReadOnlySpan<byte> source, int level, ScratchBuffer target)
    {
        if (source.IsEmpty)
        {
            target.Append(EmptyMember);
            return;
        }

        var start = target.Length;
        var options = new ZLibCompressionOptions
        {
            CompressionLevel = level < MinLevel ? DefaultLevel : Math.Min(level, MaxLevel),
        };
        using (var gzip = new GZipStream(new ScratchStream(target), options, leaveOpen: true))
        {
            gzip.Write(source);
        }

        // The library names the operating system it runs on; the same records shall be the same bytes on all.
        target.Written[(start + VaryingHeaderAt)..(start + HeaderBytes)].Clear();
    }

    public CompressionError Decompress(ReadOnlySpan<byte> source, int maxBytes, ScratchBuffer target)
    {
        if (source.Length < HeaderBytes)
        {
            return CompressionError.Corrupt;
        }

        _input.Clear();
        _input.Append(source);
        _input.Append(Seal);
        var start = target.Length;
        var left = (long)maxBytes + SealContent.Length;
        using var gzip = new GZipStream(new ScratchStream(_input), CompressionMode.Decompress, leaveOpen: true);
        while (true)
        {
            // One byte more than allowed, to see whether there is one.
            var room = target.Reserve((int)Math.Min(ReadBytes, left + 1));
            var read = gzip.Read(room);
            if (read == 0)
            {
                return TryUnseal(target, start) ? CompressionError.None : CompressionError.Corrupt;
            }

            if (read > left)
            {
                return CompressionError.TooLarge;
            }

            target.Advance(read);
            left -= read;
        }
    }

    private static bool TryUnseal(ScratchBuffer target, int start)
    {
        var length = target.Length - SealContent.Length;
        if (length < start || !target.Written[length..].SequenceEqual(SealContent))
        {
            return false;
        }

        target.Truncate(length);
        return true;
    }
}
