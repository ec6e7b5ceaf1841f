using System.Collections.Generic;
using System.Globalization;
using Deterministic.Clients;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload produce topic=T producers=N records=N burst=N every=TIME size=BYTES acks=all|1</c>: idempotent producers that
/// write numbered
/// records and note what became of each.
/// </summary>
public sealed class ProduceWorkload : IWorkload
{
    public const string Name = "produce";

    private readonly List<ProduceProgram> _producers = [];
    private readonly Simulation _simulation;

    public ProduceWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        var topic = simulation.Topic(line);
        var count = line.Number("producers", prng, 1, 3);
        var plan = new ProducePlan(
            topic,
            line.Range("records", 1_000_000, 1_000_000).Draw(prng),
            line.Range("burst", 1, prng.OneIn(3) ? 50 : 5),
            line.Range("every", 1_000, prng.OneIn(3) ? 20_000 : 300_000),
            line.Range("size", RecordText.LeastBytes, prng.OneIn(4) ? 3_000 : 200));
        var inFlight = line.Range("in-flight", 1, 5);
        var acks = Acks(line, topic);
        for (var i = 0; i < count; i++)
        {
            var options = new ProducerOptions
            {
                BootstrapServers = simulation.Addresses,
                ClientId = string.Create(CultureInfo.InvariantCulture, $"producer-{i}"),
                Seed = prng.NextUInt64(),
                RequestTimeout = new Duration(prng.Between(500_000, 10_000_000)),
                Acks = acks,
                MaxInFlight = (int)inFlight.Draw(prng),
                BatchBytes = prng.OneIn(2) ? 16 * 1024 : 1 + prng.Next(1_000),
                MaxBufferedRecords = 1_000,
            };
            _producers.Add(new ProduceProgram(simulation.History, plan, options, simulation.NextProducer()));
        }
    }

    public bool IsDone => _producers.TrueForAll(producer => producer.IsDone);

    public string Waiting
    {
        get
        {
            var outstanding = 0;
            foreach (var producer in _producers)
            {
                outstanding += producer.Outstanding;
            }

            return string.Create(CultureInfo.InvariantCulture, $"produce: {outstanding} records without an answer");
        }
    }

    public void Begin()
    {
        foreach (var producer in _producers)
        {
            _simulation.World.AddClient(producer).Start();
        }
    }

    public void Stop()
    {
        foreach (var producer in _producers)
        {
            producer.IsStopped = true;
            _simulation.Counters.Add("acked", producer.Acked);
        }
    }

    /// <summary>Never drawn: what a promise is worth is no weather.</summary>
    private short Acks(ScenarioLine line, TopicPlan topic)
    {
        switch (line.Text("acks", "all"))
        {
            case "all":
                return -1;
            case "1":
                for (var partition = 0; partition < topic.Partitions; partition++)
                {
                    _simulation.Contract.HangsOnLeader(_simulation.History.Partition(topic.PartitionName(partition)));
                }

                return 1;
            case var other:
                throw line.Error($"'acks={other}' is neither 'all' nor '1'");
        }
    }
}
