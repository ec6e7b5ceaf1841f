using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Disk;

/// <summary>
/// One file's bytes twice over: as the page cache has them, which is what every reader sees, and as the platter has
/// them,
/// which is what a power loss leaves. Names are not its business, see <see cref="NameTable"/>.
/// </summary>
/// <remarks>
/// Files only grow at their end or are cut, so the platter needs no second copy: both agree below <c>_common</c>, and
/// only
/// what a cut has taken off the cache but not yet off the platter is kept aside, in <c>_platterTail</c>.
/// The rule a reader would get wrong: a file's changes of length reach the platter in their order, as journals
/// write them, but pages of data in any order, or not at all.
/// </remarks>
public sealed class SimulatedFile
{
    public const int PageBytes = 4096;
    private const int SectorBytes = 512;

    private byte[] _bytes = [];
    private byte[] _platterTail = [];
    private long _common;
    private List<(long From, long To)>? _lost;
    private List<(long At, byte[] Bytes)>? _misdirected;

    /// <summary>Length in the page cache.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// Length that appends asked for and not yet carried out will give it; their bytes are here already.
    /// </summary>
    public long StagedLength { get; private set; }

    /// <summary>The directory change that created it, which its first flush makes durable.</summary>
    public long CreatedBy { get; set; }

    /// <summary>Counts cuts: a flush that a cut overtook proves nothing about the bytes after it.</summary>
    public int Cuts { get; private set; }

    /// <summary>Bytes that would be lost if the power failed in the worst way.</summary>
    public long Unflushed => Length - _common;

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, (int)Length);

    /// <summary>The content once everything asked for is carried out.</summary>
    public ReadOnlySpan<byte> Staged => _bytes.AsSpan(0, (int)StagedLength);

    /// <summary>Takes the bytes of an append that will be carried out later.</summary>
    public void Stage(ReadOnlySpan<byte> bytes)
    {
        var end = checked((int)(StagedLength + bytes.Length));
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(end, Math.Min(_bytes.Length * 2, _bytes.Length + (1 << 22))));
        }

        bytes.CopyTo(_bytes.AsSpan((int)StagedLength));
        StagedLength = end;
    }

    /// <summary>Carries out appends up to <paramref name="length"/>.</summary>
    public void Extend(long length)
    {
        Invariant.Check(length >= Length && length <= StagedLength);
        Length = length;
    }

    /// <summary>Forgets what was staged but not carried out.</summary>
    public void Unstage() => StagedLength = Length;

    /// <summary>Cuts the cache; nothing may be staged.</summary>
    public void Truncate(long length, Prng prng)
    {
        Invariant.Check(StagedLength == Length && length <= Length);
        if (length > _common && prng.OneIn(2))
        {
            // The cache may have been written back on its own before the cut.
            MakeDurable(Length, Cuts);
        }

        if (length < _common)
        {
            var kept = _bytes.AsSpan((int)length, (int)(_common - length));
            var tail = new byte[kept.Length + _platterTail.Length];
            kept.CopyTo(tail);
            _platterTail.CopyTo(tail.AsSpan(kept.Length));
            _platterTail = tail;
            _common = length;
        }

        _lost?.RemoveAll(range => range.To > length);
        Length = length;
        StagedLength = length;
        Cuts++;
    }

    /// <summary>A flush that began when the file was this long, after this many cuts, is done.</summary>
    public void MakeDurable(long length, int cuts)
    {
        if (cuts == Cuts && length >= _common)
        {
            _common = length;
            _platterTail = [];
        }
    }

    /// <summary>
    /// From now on the cache shows this page of the unflushed bytes although the platter will never get it.
    /// </summary>
    public bool LosePage(Prng prng, long length, out long at)
    {
        at = 0;
        if (length <= _common)
        {
            return false;
        }

        at = prng.Between(_common, length - 1) / PageBytes * PageBytes;
        Lose(Math.Max(at, _common), Math.Min(at + PageBytes, length));
        return true;
    }

    /// <summary>A flush failed: the cache calls its pages clean, the platter has none of them.</summary>
    public void LoseUnflushed()
    {
        if (Length > _common)
        {
            Lose(_common, Length);
        }
    }

    /// <summary>A bit of what is on the platter turns over.</summary>
    public void Rot(long position, int bit)
    {
        Invariant.Check(position < _common);
        _bytes[position] ^= (byte)(1 << bit);
    }

    /// <summary>A page meant for another file lands here.</summary>
    public void Misdirect(long at, ReadOnlySpan<byte> page) => (_misdirected ??= []).Add((at, page.ToArray()));

    /// <summary>What the power failing leaves of it; the cache becomes that as well.</summary>
    public void LosePower(Prng prng, PowerLossStyle style, DiskFaults faults, bool rots)
    {
        StagedLength = Length;
        var before = Length;
        var keepsAll = style == PowerLossStyle.KeepAll;
        if (_platterTail.Length > 0 && !keepsAll && (style == PowerLossStyle.LoseAll || prng.OneIn(2)))
        {
            RestoreTail();
        }
        else
        {
            Length = DrawLength(prng, style);
            DrawPages(prng, style, faults);
        }

        if (Length != before)
        {
            faults.TornFiles++;
        }

        ApplyLies(prng, faults, rots);
        _common = Length;
        StagedLength = Length;
        _platterTail = [];
        Cuts++;
    }

    private void Lose(long from, long to) => (_lost ??= []).Add((from, to));

    private void RestoreTail()
    {
        Length = _common;
        StagedLength = _common;
        Stage(_platterTail);
        Length = StagedLength;
    }

    private long DrawLength(Prng prng, PowerLossStyle style)
    {
        if (style == PowerLossStyle.KeepAll || Length == _common)
        {
            return Length;
        }

        if (style == PowerLossStyle.LoseAll)
        {
            return _common;
        }

        var drawn = prng.Between(_common, Length);
        return prng.Next(4) switch
        {
            0 => _common,
            1 => Length,
            2 => drawn,
            _ => Math.Max(_common, drawn / PageBytes * PageBytes),
        };
    }

    private void DrawPages(Prng prng, PowerLossStyle style, DiskFaults faults)
    {
        if (Length == _common || style != PowerLossStyle.Mixed || prng.Next(5) < 2)
        {
            return;
        }

        faults.ZeroedFiles++;
        var loseAll = prng.OneIn(4);
        for (var page = _common / PageBytes * PageBytes; page < Length; page += PageBytes)
        {
            var from = Math.Max(page, _common);
            var to = Math.Min(page + PageBytes, Length);
            if (loseAll || prng.OneIn(3))
            {
                Zero(from, to);
            }
            else if (prng.OneIn(3))
            {
                // Torn inside the page: sectors are written whole, in any order.
                for (var sector = page; sector < to; sector += SectorBytes)
                {
                    if (prng.OneIn(2))
                    {
                        Zero(Math.Max(sector, from), Math.Min(sector + SectorBytes, to));
                    }
                }
            }
        }
    }

    private void ApplyLies(Prng prng, DiskFaults faults, bool rots)
    {
        if (_lost is not null)
        {
            foreach (var (from, to) in _lost)
            {
                Zero(from, Math.Min(to, Length));
            }

            _lost = null;
        }

        if (_misdirected is not null)
        {
            foreach (var (at, bytes) in _misdirected)
            {
                var room = (int)Math.Min(bytes.Length, Length - at);
                if (room > 0)
                {
                    bytes.AsSpan(0, room).CopyTo(_bytes.AsSpan((int)at));
                }
            }

            _misdirected = null;
        }

        if (rots && Length > 0)
        {
            _bytes[prng.Between(0, Length - 1)] ^= (byte)(1 << prng.Next(8));
            faults.BitFlips++;
        }
    }

    private void Zero(long from, long to)
    {
        if (to > from)
        {
            _bytes.AsSpan((int)from, (int)(to - from)).Clear();
        }
    }
}
