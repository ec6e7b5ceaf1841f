using System;
using System.Collections.Generic;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// One consumer without a group: reads every partition of its topics from the beginning and notes each record. At the
/// end of a
/// run one of these, undisturbed, reads everything back: that is what checks take for the truth.
/// </summary>
public sealed class ReadProgram : MachineProgram
{
    private readonly History _history;
    private readonly ConsumerMachine _machine;
    private readonly IReadOnlyList<TopicPlan> _topics;
    private readonly int _number;
    private readonly Contract? _final;

    /// <param name="history">Takes what is read.</param>
    /// <param name="topics">All their partitions are read.</param>
    /// <param name="options">The consumer's.</param>
    /// <param name="number">The consumer's number in the history.</param>
    /// <param name="final">Given to the one who reads everything back at the end.</param>
    public ReadProgram(
        History history, IReadOnlyList<TopicPlan> topics, ConsumerOptions options, int number, Contract? final)
    {
        _history = history;
        _topics = topics;
        _number = number;
        _final = final;
        _machine = new ConsumerMachine(options, Effects);
    }

    public long Read { get; private set; }

    public long ReadFromFollowers => _machine.ReadFromFollowers;

    /// <summary>Every partition has been read up to its high watermark.</summary>
    public bool IsAtEnd
    {
        get
        {
            foreach (var position in _machine.Positions)
            {
                if (position.HighWatermark < 0 || position.Offset < position.HighWatermark)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public string Waiting
    {
        get
        {
            foreach (var position in _machine.Positions)
            {
                if (position.HighWatermark < 0 || position.Offset < position.HighWatermark)
                {
                    return FormattableString.Invariant(
                        $"{position.Topic}-{position.Partition} at {position.Offset} of {position.HighWatermark}");
                }
            }

            return "read: nothing";
        }
    }

    /// <summary>
    /// A fetch of every partition was answered in the leader epoch in which it was read back, or a later one: had anything been
    /// lost that was read before, the reader would have been told by now. It need not have come to the end; some are slow.
    /// </summary>
    public bool HasCaughtUp
    {
        get
        {
            foreach (var position in _machine.Positions)
            {
                if (_history.Final.TryGetValue(IndexOf(position), out var log) && position.FetchedIn < log.LeaderEpoch)
                {
                    return false;
                }
            }

            return true;
        }
    }

    protected override void Begin()
    {
        foreach (var topic in _topics)
        {
            for (var partition = 0; partition < topic.Partitions; partition++)
            {
                _machine.Assign(topic.Name, partition, -1);
            }
        }
    }

    protected override void Take(in Now now, in ClientInput input)
    {
        _machine.Step(now, input);
        foreach (var position in _machine.Positions)
        {
            if (position.Offset >= 0)
            {
                Note(position);
            }
        }

        foreach (var truncation in _machine.Truncations)
        {
            Note(truncation);
        }

        _machine.Truncations.Clear();
        foreach (var record in _machine.Records)
        {
            Note(record);
        }

        _machine.Records.Clear();
    }

    private int IndexOf(ConsumerPosition position) =>
        _history.Partition(FormattableString.Invariant($"{position.Topic}-{position.Partition}"));

    private bool MayBeTrimmed(int partition) => _final is not null && _final.IsTrimmed(partition);

    private void Note(ConsumerPosition position)
    {
        var index = IndexOf(position);
        if (_final is null)
        {
            if (position.HighWatermark >= 0)
            {
                _history.HighWatermarks.Add((index, _number, position.HighWatermark, WorldNow));
            }

            return;
        }

        if (!_history.Final.TryGetValue(index, out var log))
        {
            log = new FinalLog { LogStart = position.Offset };
            _history.Final.Add(index, log);
        }

        if (log.Records.Count == 0 && _machine.Records.Count == 0 && MayBeTrimmed(index))
        {
            // Retention may have gone on since we asked where the log starts.
            log.LogStart = position.Offset;
        }

        log.HighWatermark = position.HighWatermark;
        log.LeaderEpoch = position.FetchedIn;
    }

    private void Note(in LogTruncation truncation)
    {
        var index = _history.Partition(FormattableString.Invariant($"{truncation.Topic}-{truncation.Partition}"));
        if (_final is null)
        {
            _history.Truncations.Add(
                new ToldTruncation(_number, index, truncation.DivergingOffset, _history.Reads.Count, WorldNow));
        }
    }

    private void Note(in ConsumedRecord record)
    {
        Read++;
        var name = FormattableString.Invariant($"{record.Topic}-{record.Partition}");
        if (!RecordText.TryRead(record.Value, out var id))
        {
            Seat.World.Fail(
                FailureKind.Safety,
                "content",
                FormattableString.Invariant($"{name}: offset {record.Offset} holds bytes that nobody sent"));
            return;
        }

        var index = _history.Partition(name);
        if (_final is not null)
        {
            var log = _history.Final[index];
            var next = log.Records.Count == 0 ? log.LogStart : log.Records[^1].Offset + 1;
            if (record.Offset > next && MayBeTrimmed(index))
            {
                log.Records.Clear();
                log.LogStart = record.Offset;
            }

            log.Records.Add((record.Offset, id));
            return;
        }

        _history.Reads.Add(new ReadRecord(_number, index, record.Offset, id, WorldNow) { Group = -1 });
    }
}
