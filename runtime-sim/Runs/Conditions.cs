using System;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Deterministic.Runtime.Sim.Net;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Time;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Runs;

/// <summary>
/// The weather of one run: network, disk, clocks, schedule. What the scenario fixes is fixed; everything else each
/// seed draws,
/// and often draws "off", because a fault that is always on hides what another would have shown (swarm testing).
/// </summary>
public static class Conditions
{
    public static WorldSetting World(Scenario scenario, Prng prng)
    {
        var schedule = (Schedule)prng.Next(3);
        var window = prng.Next(4) switch { 0 => 0L, 1 => 20, 2 => 200, _ => 2_000 };
        if (scenario.The("schedule") is { } line)
        {
            schedule = line.Word("fifo, random or few-slow") switch
            {
                "fifo" => Schedule.Fifo,
                "random" => Schedule.RandomWalk,
                "few-slow" => Schedule.FewSlow,
                var other => throw line.Error($"there is no schedule '{other}'"),
            };
            window = line.Range("window", window, window).Draw(prng);
            line.End();
        }

        return new WorldSetting
        {
            Network = Network(scenario.The("network"), prng),
            Schedule = schedule,
            ScheduleWindowUs = window,
        };
    }

    public static NodeSetting Node(Scenario scenario, Prng prng)
    {
        var setting = new NodeSetting
        {
            SkewUs = prng.OneIn(2) ? 0 : prng.Between(-5_000_000, 5_000_000),
            DriftPerMillion = prng.OneIn(2) ? 0 : (int)prng.Between(-500, 500),
            Coalesce = prng.OneIn(2) ? 0 : prng.Next(900_000),
            Disk = Disk(scenario.The("disk"), prng),
        };
        if (scenario.The("clock") is { } line)
        {
            var skew = line.Range("skew", 0, 0).Draw(prng);
            var pace = (int)line.Range("pace", 0, 0).Draw(prng);
            setting = setting with
            {
                SkewUs = prng.OneIn(2) ? skew : -skew,
                DriftPerMillion = (int)line.Range("drift", 0, 0).Draw(prng),
                PacePerMillion = prng.OneIn(2) ? pace : -pace,
            };
            line.End();
        }

        return setting;
    }

    private static NetworkOptions Network(ScenarioLine? line, Prng prng)
    {
        var low = prng.Between(5, 200);
        var latency = new ValueRange(low, low + prng.Between(10, prng.OneIn(3) ? 20_000 : 500));
        var cut = Maybe(prng, 400_000);
        var reset = Maybe(prng, 3_000);
        var stall = Maybe(prng, 5_000);
        if (line is not null)
        {
            latency = line.Range("latency", latency);
            cut = (int)line.Range("cut", cut, cut).Draw(prng);
            reset = (int)line.Range("reset", reset, reset).Draw(prng);
            stall = (int)line.Range("stall", stall, stall).Draw(prng);
            line.End();
        }

        return new NetworkOptions
        {
            OneWay = new Latency(latency.Low, latency.High, 2_000, 40_000),
            Cut = cut,
            Reset = reset,
            Stall = stall,
        };
    }

    private static DiskOptions Disk(ScenarioLine? line, Prng prng)
    {
        var flushHigh = prng.Next(3) switch { 0 => 300L, 1 => 5_000, _ => 40_000 };
        var write = new ValueRange(1, prng.OneIn(4) ? 3_000 : 40);
        var flush = new ValueRange(Math.Min(100, flushHigh), flushHigh);
        var read = new ValueRange(5, prng.OneIn(4) ? 10_000 : 500);
        var names = new ValueRange(50, prng.OneIn(4) ? 50_000 : 2_000);
        if (line is null)
        {
            return Disk(write, flush, read, names);
        }

        var options = Disk(
            line.Range("write", write),
            line.Range("flush", flush),
            line.Range("read", read),
            line.Range("names", names));
        options = options with
        {
            FailedFlush = (int)line.Range("failed-flush", 0, 0).Draw(prng),
            FailedWrite = (int)line.Range("failed-write", 0, 0).Draw(prng),
            LostWrite = (int)line.Range("lost-write", 0, 0).Draw(prng),
            MisdirectedWrite = (int)line.Range("misdirected-write", 0, 0).Draw(prng),
            BitRot = (int)line.Range("bit-rot", 0, 0).Draw(prng),
            Capacity = line.Range("capacity", long.MaxValue - 1, long.MaxValue - 1).Draw(prng),
        };
        line.End();
        return options;
    }

    private static DiskOptions Disk(ValueRange write, ValueRange flush, ValueRange read, ValueRange names) => new()
    {
        Write = new Latency(write.Low, write.High, 1_000, write.High * 50),
        Flush = new Latency(flush.Low, flush.High, 5_000, flush.High * 20),
        Read = new Latency(read.Low, read.High, 2_000, read.High * 20),
        Names = new Latency(names.Low, names.High, 5_000, names.High * 20),
    };

    /// <summary>Off in half of the runs.</summary>
    private static int Maybe(Prng prng, int most) => prng.OneIn(2) ? 0 : prng.Next(most);
}
