using System;
using System.IO;

namespace Deterministic.Protocol.Compression;

/// <summary>A <see cref="ScratchBuffer"/> as the stream that the framework's gzip insists on: reads from its start,
/// writes to its end.</summary>
internal sealed class ScratchStream(ScratchBuffer buffer) : Stream
{
    private int _readAt;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> target)
    {
        var left = buffer.Written[_readAt..];
        var count = Math.Min(left.Length, target.Length);
        left[..count].CopyTo(target);
        _readAt += count;
        return count;
    }

    public override int Read(byte[] target, int offset, int count) => Read(target.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> source) => buffer.Append(source);

    public override void Write(byte[] source, int offset, int count) => Write(source.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
