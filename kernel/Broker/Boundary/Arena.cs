using System;
using System.Collections.Generic;

namespace Deterministic.Broker.Boundary;

/// <summary>
/// Memory that lives as long as one batch of effects. Blocks are kept and reused; a request larger than a block
/// gets a
/// block of its own, which is dropped at the reset, so that one huge answer does not pin memory for ever.
/// </summary>
internal sealed class Arena
{
    /// <summary>
    /// Bound: what is kept between resets is a multiple of this, at most <see cref="KeptBlocks"/> times.
    /// </summary>
    private const int BlockBytes = 256 * 1024;

    private const int KeptBlocks = 64;

    private readonly List<byte[]> _blocks = [];
    private int _block;
    private int _used;

    public Memory<byte> Take(int length)
    {
        if (length > BlockBytes)
        {
            return GC.AllocateUninitializedArray<byte>(length);
        }

        if (_blocks.Count == 0)
        {
            _blocks.Add(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));
        }

        if (_used + length > BlockBytes)
        {
            _block++;
            _used = 0;
            if (_block == _blocks.Count)
            {
                _blocks.Add(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));
            }
        }

        var taken = _blocks[_block].AsMemory(_used, length);
        _used += length;
        return taken;
    }

    public void Reset()
    {
        if (_blocks.Count > KeptBlocks)
        {
            _blocks.RemoveRange(KeptBlocks, _blocks.Count - KeptBlocks);
        }

        _block = 0;
        _used = 0;
    }
}
