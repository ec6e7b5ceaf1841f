using System;
using System.Collections.Generic;
using System.Linq;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Batches;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Log;

/// <summary>
/// Random lives of one log against a list of batches: whatever happens to it, it holds what the list says.
/// </summary>
public sealed class LogModelTests
{
    [Property(MaxTest = 60, EndSize = 1_000_000)]
    public void A_log_is_a_list_of_batches(int seed) => new LogLife(seed, crashes: false).Live(120);

    /// <summary>Rolled right where a snapshot stood already, before the indexes made by recovery were flushed.</summary>
    [Theory]
    [InlineData(-13322)]
    [InlineData(63780)]
    public void Lives_that_once_ended_badly_end_well(int seed) => new LogLife(seed, crashes: true).Live(100);

    [Property(MaxTest = 150, EndSize = 1_000_000)]
    public void A_log_after_any_crash_is_a_prefix_that_holds_all_that_was_flushed(int seed) =>
        new LogLife(seed, crashes: true).Live(100);
}

/// <summary>One batch as it must stand in the log.</summary>
internal sealed record ModelBatch(Offset Base, Offset Last, byte[] Bytes, long FirstTimestamp, long ProducerId)
{
    public int Sequence { get; init; } = -1;
}

/// <summary>A random life, drawn from one seed.</summary>
internal sealed class LogLife
{
    private readonly LogWorld _world;
    private readonly bool _crashes;
    private readonly Prng _prng;
    private readonly List<ModelBatch> _batches = [];
    private readonly int[] _sequences = new int[4];
    private Offset _logStart;
    private Offset _checkpoint;
    private int _epoch = 1;

    public LogLife(int seed, bool crashes)
    {
        _crashes = crashes;
        _prng = new Prng((ulong)seed * 31 + 7);
        var config = new LogConfig
        {
            SegmentBytes = 2000 + _prng.Next(6000),
            IndexIntervalBytes = _prng.Next(600),
            SegmentIndexBytes = _prng.OneIn(4) ? 64 : 4096,
            RetentionBytes = _prng.OneIn(2) ? -1 : 3000 + _prng.Next(10_000),
            RetentionMs = -1,
        };
        _world = new LogWorld(seed, config);
        _world.Create();
        if (!crashes || _prng.OneIn(2))
        {
            _world.Settle();
        }
    }

    private Offset End => _batches.Count == 0 ? _logStartOfEmpty : _batches[^1].Last + 1;

    private Offset _logStartOfEmpty;

    public IReadOnlySet<Broker.Boundary.ProbePoint> Reached => _world.Reached;

    public void Live(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step();
            Check();
        }

        _world.Settle();
        ReadEverything();
    }

    private void Step()
    {
        switch (_prng.Next(20))
        {
            case < 8:
                Append();
                break;
            case 8:
                _world.Log.Flush();
                break;
            case 9:
                _world.Submit();
                for (var i = _prng.Next(6); i > 0 && _world.TakeAnswer(); i--)
                {
                }

                break;
            case 10 or 11:
                ReadSomewhere();
                break;
            case 12:
                ReadEverything();
                break;
            case 13:
                FindTime();
                break;
            case 14:
                _epoch += _prng.Next(2);
                _world.Log.AssignEpochStart(new LeaderEpoch(_epoch));
                break;
            case 15:
                Shorten();
                break;
            case 16:
                _checkpoint = _world.Log.RecoveryPoint;
                break;
            case 17:
                TruncateEnd();
                break;
            case 18:
                Reopen();
                break;
            default:
                _world.WallMs += _prng.Next(1000);
                break;
        }
    }

    private void Append()
    {
        var records = 1 + _prng.Next(5);
        var producer = _prng.Next(6) - 2;
        var options = new BatchOptions();
        if (producer >= 0)
        {
            options = options with { ProducerId = producer, ProducerEpoch = 0, BaseSequence = _sequences[producer] };
        }

        var first = _world.WallMs - _prng.Next(500);
        var bytes = _world.Batch(records, _prng.Next(250), options, first);
        var outcome = _world.Append(bytes, _epoch);
        Assert.Equal(ErrorCode.None, outcome.Error);
        Assert.False(outcome.IsDuplicate);
        Assert.Equal(End, outcome.BaseOffset);
        Assert.Equal(End + records + -1, outcome.LastOffset);
        _batches.Add(new ModelBatch(outcome.BaseOffset, outcome.LastOffset, bytes.ToArray(), first, producer)
        {
            Sequence = options.BaseSequence,
        });
        if (producer >= 0)
        {
            AssertIsDuplicate(_batches[^1]);
            _sequences[producer] += records;
        }

        if (_prng.OneIn(3))
        {
            _world.Log.Flush();
        }
    }

    private void AssertIsDuplicate(ModelBatch batch)
    {
        var again = batch.Bytes.ToArray();
        RecordBatches.TryRead(again.AsSpan(), out var view, out _);
        view.SetBaseOffset(0);
        var outcome = _world.Append(again, _epoch);
        Assert.Equal(ErrorCode.None, outcome.Error);
        Assert.True(outcome.IsDuplicate);
        Assert.Equal(batch.Base, outcome.BaseOffset);
        Assert.Equal(batch.Last, outcome.LastOffset);
    }

    private void ReadSomewhere()
    {
        if (End == _logStart)
        {
            return;
        }

        var from = _logStart + _prng.Next((int)(End - _logStart));
        var upTo = _prng.OneIn(2) ? End : _batches[_prng.Next(_batches.Count)].Base;
        var maxBytes = _prng.Next(3000);
        var whole = _prng.OneIn(2);
        var outcome = _world.Read(from, upTo, maxBytes, whole);
        var holding = _batches.FindIndex(batch => batch.Last >= from);
        var first = _batches[holding];
        if (from >= upTo || first.Base >= upTo || (first.Bytes.Length > maxBytes && !whole))
        {
            Assert.Equal(ReadKind.Empty, outcome.Kind);
            return;
        }

        Assert.Equal(ReadKind.Found, outcome.Kind);
        Assert.True(outcome.Slice.Length <= Math.Max(maxBytes, first.Bytes.Length));
        AssertIsRun(_world.Bytes(outcome.Slice), holding, upTo);
    }

    /// <summary>The bytes are those of the batches from this one on, none of them at or behind the bound.</summary>
    private void AssertIsRun(byte[] bytes, int index, Offset upTo)
    {
        var at = 0;
        Assert.True(bytes.Length >= _batches[index].Bytes.Length);
        while (at < bytes.Length)
        {
            var batch = _batches[index++];
            Assert.True(batch.Last < upTo);
            var length = Math.Min(batch.Bytes.Length, bytes.Length - at);
            Assert.True(bytes.AsSpan(at, length).SequenceEqual(batch.Bytes.AsSpan(0, length)));
            at += length;
        }
    }

    private void ReadEverything()
    {
        var at = _logStart;
        while (at < End)
        {
            var outcome = _world.Read(at, End, 1000);
            Assert.Equal(ReadKind.Found, outcome.Kind);
            var bytes = _world.Bytes(outcome.Slice);
            var holding = _batches.FindIndex(batch => batch.Last >= at);
            AssertIsRun(bytes, holding, End);
            Span<byte> rest = bytes;
            while (RecordBatches.TryRead(rest, out var batch, out _))
            {
                at = new Offset(batch.NextOffset);
                rest = rest[batch.SizeInBytes..];
            }
        }

        var shown = new List<long>();
        _world.Run(_world.Log.ReadAll(_logStart, (in RecordBatchView batch) => shown.Add(batch.BaseOffset)));
        Assert.Equal(_batches.Where(batch => batch.Last >= _logStart).Select(batch => batch.Base.Value), shown);
    }

    private void FindTime()
    {
        if (_batches.Count == 0)
        {
            return;
        }

        var target = _batches[_prng.Next(_batches.Count)].FirstTimestamp + _prng.Next(4);
        var expected = Records()
            .Where(record => record.Offset >= _logStart && record.Time >= target)
            .Select(record => (record.Offset, record.Time))
            .FirstOrDefault((Offset.None, -1));
        TimestampAnswer? found = null;
        _world.Run(_world.Log.OffsetForTimestamp(target, End, answer => found = answer));
        Assert.Equal(expected, (found!.Value.Offset, found.Value.TimestampMs));

        var newest = Records().Where(record => record.Offset >= _logStart).ToList();
        _world.Run(_world.Log.OffsetForTimestamp(-3, End, answer => found = answer));
        if (newest.Count > 0 && _world.Log.State.Segments[0].Base == _logStart)
        {
            Assert.Equal(newest.Max(record => record.Time), found!.Value.TimestampMs);
        }
    }

    private IEnumerable<(Offset Offset, long Time)> Records() =>
        from batch in _batches
        from delta in Enumerable.Range(0, (int)(batch.Last - batch.Base) + 1)
        select (batch.Base + delta, batch.FirstTimestamp + delta);

    private void Shorten()
    {
        if (_prng.OneIn(2) && End > _logStart)
        {
            // Only what is flushed is ever below a high watermark.
            var room = (int)Math.Max(0, _world.Log.FlushedOffset - _logStart);
            _world.Log.AdvanceLogStart(_logStart + _prng.Next(room + 1), _world.Now);
        }
        else
        {
            _world.Log.ApplyRetention(_world.Now, _world.Log.FlushedOffset);
        }

        Assert.True(_world.Log.LogStartOffset >= _logStart);
        LogStartIs(_world.Log.LogStartOffset);
        _world.Pass(Duration.FromSeconds(_prng.Next(100)));
    }

    private void LogStartIs(Offset offset)
    {
        _logStart = offset;
        _logStartOfEmpty = Offset.Max(_logStartOfEmpty, offset);
    }

    private void TruncateEnd()
    {
        if (_prng.OneIn(2) || End == _logStart)
        {
            return;
        }

        var to = _logStart + _prng.Next((int)(End - _logStart));
        _world.Log.AboutToCut(to);
        _checkpoint = Offset.Min(_checkpoint, _world.Log.RecoveryPoint);
        _world.Run(_world.Log.TruncateTo(to, _world.Now));
        KeepBelow(_batches.FirstOrDefault(batch => batch.Last >= to)?.Base ?? to);
        Assert.Equal(_world.Log.LogEndOffset, _world.Log.FlushedOffset);
        LogStartIs(_world.Log.LogStartOffset);
    }

    private void KeepBelow(Offset end)
    {
        var cut = _batches.FindIndex(batch => batch.Last >= end);
        if (cut >= 0)
        {
            _logStartOfEmpty = _batches[0].Base;
            _batches.RemoveRange(cut, _batches.Count - cut);
        }

        Assert.Equal(End, _world.Log.LogEndOffset);
        for (var i = 0; i < _sequences.Length; i++)
        {
            var last = _batches.LastOrDefault(batch => batch.ProducerId == i);
            if (last is not null)
            {
                _sequences[i] = last.Sequence + (int)(last.Last - last.Base) + 1;
            }
            else if (_world.Log.State.Producers.Find(i) is { BatchCount: > 0 } known)
            {
                // Its batches were deleted with the log's head; what is remembered of it still holds.
                _sequences[i] = known.Newest.LastSequence + 1;
            }
            else
            {
                _sequences[i] = 0;
            }
        }
    }

    private void Reopen()
    {
        var isClean = !_crashes || _prng.OneIn(4);
        if (isClean)
        {
            _world.Close();
            _world.Open(clean: true, _checkpoint, _logStart);
            KeepBelow(End);
        }
        else
        {
            var flushed = _world.Log.FlushedOffset;
            var end = End;
            if (_prng.OneIn(3))
            {
                _world.Kill();
            }
            else
            {
                _world.CutPower();
            }

            _world.Open(clean: false, _checkpoint, _prng.OneIn(2) ? _logStart : Offset.Zero);
            Assert.InRange(_world.Log.LogEndOffset.Value, flushed.Value, end.Value);
            Assert.Equal(_world.Log.LogEndOffset, _world.Log.FlushedOffset);
            KeepBelow(_world.Log.LogEndOffset);
            Assert.True(_world.Log.LogStartOffset <= _logStart);
            _logStart = _world.Log.LogStartOffset;
        }

        Assert.False(_world.Log.IsDamaged);
        ReadEverything();
        foreach (var producer in new[] { 0, 1, 2, 3 })
        {
            var last = _batches.LastOrDefault(batch => batch.ProducerId == producer);
            if (last is not null)
            {
                AssertIsDuplicate(last);
            }
        }
    }

    private void Check()
    {
        var log = _world.Log;
        Assert.Equal(End, log.LogEndOffset);
        Assert.Equal(_logStart, log.LogStartOffset);
        Assert.True(log.FlushedOffset <= log.WrittenOffset);
        Assert.True(log.WrittenOffset <= log.LogEndOffset);
        Assert.True(log.RecoveryPoint <= log.FlushedOffset);
        Assert.True(log.LatestEpoch.Value <= _epoch);
    }
}
