using System.Collections.Generic;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload read topic=T readers=N</c>: consumers without a group that follow the topic's end. Where brokers stand in racks,
/// each stands in one, too, and reads from followers there (KIP-392).
/// </summary>
public sealed class ReadWorkload : IWorkload
{
    public const string Name = "read";

    private readonly List<ReadProgram> _readers = [];
    private readonly Simulation _simulation;

    public ReadWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        var topic = simulation.Topic(line);
        var count = line.Number("readers", prng, 1, 2);
        for (var i = 0; i < count; i++)
        {
            var options = Options(simulation, prng) with
            {
                MaxWaitMs = prng.Next(500),
                MinBytes = prng.OneIn(2) ? 1 : prng.Next(2_000),
                MaxPartitionBytes = prng.OneIn(2) ? 1 << 20 : 1 + prng.Next(4_000),
            };
            if (simulation.Shape.Racks > 0)
            {
                options = options with
                {
                    Rack = simulation.Shape.RackOf(prng.Next(simulation.Shape.Racks))!,
                    MetadataMaxAge = new Duration(prng.Between(500_000, 20_000_000)),
                };
            }

            _readers.Add(new ReadProgram(simulation.History, [topic], options, simulation.NextConsumer(), null));
        }
    }

    public bool IsDone => true;

    public string Waiting => HasCaughtUp ? "read: nothing" : _readers.Find(reader => !reader.HasCaughtUp)!.Waiting;

    public bool HasCaughtUp => _readers.TrueForAll(reader => reader.HasCaughtUp);

    public static ConsumerOptions Options(Simulation simulation, Prng prng) => new()
    {
        BootstrapServers = simulation.Addresses,
        Seed = prng.NextUInt64(),
        RequestTimeout = new Duration(prng.Between(1_000_000, 10_000_000)),
    };

    public void Begin()
    {
        foreach (var reader in _readers)
        {
            _simulation.World.AddClient(reader).Start();
        }
    }

    public void Stop()
    {
        foreach (var reader in _readers)
        {
            _simulation.Counters.Add("read", reader.Read);
            if (_simulation.Shape.Racks > 0)
            {
                _simulation.Counters.Add("read-from-followers", reader.ReadFromFollowers);
            }
        }
    }
}
