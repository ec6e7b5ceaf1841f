using System.Collections.Generic;
using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload group topic=T group=G members=N commit=TIME stays=TIME session=TIME static=0|1</c>: a consumer group
/// whose members
/// commit, leave and come back. In the end every partition is owned and read to its end.
/// </summary>
public sealed class GroupWorkload : IWorkload
{
    public const string Name = "group";

    private readonly List<GroupProgram> _members = [];
    private readonly Simulation _simulation;

    public GroupWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        var topic = simulation.Topic(line);
        var group = line.Text("group", topic.Name + "-readers");
        var count = line.Number("members", prng, 1, 3);
        var session = line.Range("session", 6_000_000, 20_000_000);
        var isStatic = line.Number("static", prng, 0, 1) == 1;
        var plan = new MemberPlan(
            topic, line.Range("commit", 50_000, 3_000_000), line.Range("stays", 2_000_000, 60_000_000));
        for (var i = 0; i < count; i++)
        {
            var options = ReadWorkload.Options(simulation, prng) with
            {
                GroupId = group,
                GroupInstanceId = isStatic ? string.Create(CultureInfo.InvariantCulture, $"{group}-{i}") : null,
                SessionTimeoutMs = (int)(session.Draw(prng) / 1_000),
                RebalanceTimeoutMs = (int)prng.Between(2_000, 30_000),
                HeartbeatInterval = new Duration(prng.Between(100_000, 2_000_000)),
                MaxWaitMs = prng.Next(500),
                MaxPartitionBytes = prng.OneIn(2) ? 1 << 20 : 1 + prng.Next(4_000),
            };
            _members.Add(new GroupProgram(simulation.History, plan, options, simulation.NextConsumer()));
        }
    }

    public bool IsDone => _members.TrueForAll(member => member.IsAtEnd);

    public string Waiting => _members.Find(member => !member.IsAtEnd)?.Waiting ?? "group: nothing";

    public void Begin()
    {
        foreach (var member in _members)
        {
            _simulation.World.AddClient(member).Start();
        }
    }

    public void Stop()
    {
        foreach (var member in _members)
        {
            member.IsStopped = true;
            _simulation.Counters.Add("read", member.Read);
            _simulation.Counters.Add("commits", member.Commits);
        }
    }
}
