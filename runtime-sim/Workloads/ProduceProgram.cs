using System;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Runtime.Sim.Checks;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>How one producer behaves.</summary>
public sealed record ProducePlan(TopicPlan Topic, long Records, ValueRange Burst, ValueRange Every, ValueRange Size);

/// <summary>
/// One idempotent producer: bursts of numbered records to partitions drawn at random, every end of a record noted in
/// the
/// history.
/// </summary>
public sealed class ProduceProgram : MachineProgram
{
    private readonly History _history;
    private readonly ProducerMachine _machine;
    private readonly ProducePlan _plan;
    private readonly long _number;
    private long _sent;
    private Instant _nextBurst;

    public ProduceProgram(History history, ProducePlan plan, ProducerOptions options, long number)
    {
        _history = history;
        _plan = plan;
        _number = number;
        _machine = new ProducerMachine(options, Effects);
    }

    public long Acked { get; private set; }

    public long Refused { get; private set; }

    public int Outstanding => _machine.Outstanding;

    public bool IsStopped { get; set; }

    public bool IsDone => Outstanding == 0 && (IsStopped || _sent >= _plan.Records);

    protected override Instant OwnDeadline =>
        IsStopped || _sent >= _plan.Records ? Instant.Never : _nextBurst;

    protected override void Begin() => _nextBurst = Seat.Now.Instant + new Duration(_plan.Every.Draw(Seat.Prng));

    protected override void Take(in Now now, in ClientInput input)
    {
        if (!IsStopped && _sent < _plan.Records && now.Instant >= _nextBurst)
        {
            SendBurst(now);
            _nextBurst = now.Instant + new Duration(_plan.Every.Draw(Seat.Prng));
        }

        _machine.Step(now, input);
        foreach (var delivery in _machine.Deliveries)
        {
            End(delivery);
        }

        _machine.Deliveries.Clear();
    }

    private void SendBurst(in Now now)
    {
        var count = Math.Min(_plan.Burst.Draw(Seat.Prng), _plan.Records - _sent);
        for (var i = 0L; i < count; i++)
        {
            var partition = Seat.Prng.Next(_plan.Topic.Partitions);
            var id = (_number << History.ProducerShift) + _sent;
            var value = new byte[_plan.Size.Draw(Seat.Prng)];
            RecordText.Write(value, id);
            var index = _history.Partition(_plan.Topic.PartitionName(partition));
            var token = _history.Send(id, index, WorldNow);
            if (!_machine.Send(_plan.Topic.Name, partition, now.WallMs, default, value, token))
            {
                return;
            }

            _sent++;
        }
    }

    private void End(in Delivery delivery)
    {
        if (delivery.IsDelivered)
        {
            Acked++;
            if (delivery.Offset >= 0)
            {
                _history.Acked((int)delivery.Token, delivery.Offset, WorldNow);
            }
        }
        else if (IsCertain(delivery.Error))
        {
            Refused++;
            _history.Refused((int)delivery.Token, WorldNow);
        }
    }

    /// <summary>Errors that say the batch was looked at and not appended, now or by an earlier try.</summary>
    private static bool IsCertain(ErrorCode error) => error is ErrorCode.MessageTooLarge or ErrorCode.InvalidRecord;
}
