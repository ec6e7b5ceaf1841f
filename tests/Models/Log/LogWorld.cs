using System;
using System.Collections.Generic;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;
using Deterministic.Protocol.Batches;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Tests.Models.Log;

/// <summary>
/// One log on a simulated disk: carries effects to the disk and answers back, as slowly as a test wants, and takes the
/// process or the power away.
/// </summary>
internal sealed class LogWorld : ILogListener
{
    public const string Directory = "topic-0";

    private readonly HashSet<ProbePoint> _reached = [];
    private readonly RecordBatchBuilder _builder = new(1 << 20);
    private Instant _now = new(1);

    public LogWorld(int seed, LogConfig? config = null, DiskOptions? disk = null)
    {
        Prng = new Prng((ulong)seed);
        Disk = new SimulatedDisk(disk ?? new DiskOptions(), new Prng((ulong)seed + 1));
        Config = config ?? new LogConfig();
        Connect();
    }

    public Prng Prng { get; }

    public SimulatedDisk Disk { get; }

    public LogConfig Config { get; set; }

    public Effects Effects { get; private set; } = new();

    public Files Files { get; private set; } = null!;

    public Timers Timers { get; private set; } = null!;

    public StepClock Clock { get; private set; } = new();

    public LogEnvironment Env { get; private set; } = null!;

    public PartitionLog Log { get; private set; } = null!;

    public long WallMs { get; set; } = 1_700_000_000_000;

    public int Advances { get; private set; }

    public IReadOnlySet<ProbePoint> Reached => _reached;

    public Now Now => new(_now, WallMs);

    public void LogAdvanced(PartitionLog log, in Now now) => Advances++;

    public PartitionLog Create()
    {
        Log = PartitionLog.Create(Env, Directory, Config, this, new NewLog(new Uuid(7, 9)), Now);
        return Log;
    }

    /// <summary>Opens what the disk holds, as a node that starts now.</summary>
    public PartitionLog Open(
        bool clean, Offset recoveryPoint = default, Offset logStart = default, Uuid? topicId = null)
    {
        Connect();
        var id = topicId ?? new Uuid(7, 9);
        Log = PartitionLog.Unopened(Env, Directory, Config, this, id);
        var hints = new OpenHints(clean, recoveryPoint, logStart, id);
        Run(PartitionLog.Open(Env, Disk.Image(), Log, hints, Clock));
        return Log;
    }

    public void Close() => Run(Log.Close());

    /// <summary>Runs a routine to its end, answering everything it waits for.</summary>
    public void Run(IEnumerator<Ticket> body)
    {
        var routine = Routine.Run(body);
        while (!routine.IsDone)
        {
            Submit();
            Invariant.Check(TakeAnswer());
        }

        Submit();
    }

    /// <summary>Hands the effects over without waiting for answers.</summary>
    public void Submit()
    {
        for (var i = 0; i < Effects.Count; i++)
        {
            if (Effects.KindAt(i) == EffectKind.Probe)
            {
                _reached.Add(Effects.ProbeAt(i).Point);
            }

            Disk.Execute(Effects, i, _now);
        }

        Effects.Clear();
    }

    /// <summary>One answer of the disk, if there is one to come.</summary>
    public bool TakeAnswer()
    {
        if (Disk.NextDue == Instant.Never)
        {
            return false;
        }

        _now = Disk.NextDue > _now ? Disk.NextDue : _now;
        Clock.Now = Now;
        if (Disk.TryTake(_now, out var answer))
        {
            Give(answer);
            Submit();
        }

        return true;
    }

    /// <summary>Answers until nothing is under way.</summary>
    public void Settle()
    {
        Submit();
        while (TakeAnswer())
        {
        }
    }

    public void Pass(Duration time)
    {
        _now += time;
        WallMs += time.Milliseconds;
        Clock.Now = Now;
        Timers.Advance(Now);
        Settle();
    }

    public void CutPower()
    {
        Submit();
        Disk.LosePower();
    }

    public void Kill()
    {
        Submit();
        Disk.LoseProcess();
    }

    public byte[] Bytes(FileSlice slice)
    {
        var bytes = new byte[slice.Length];
        Submit();
        Disk.ReadSlice(slice, bytes);
        return bytes;
    }

    /// <summary>Reads, by way of the disk where memory does not know.</summary>
    public ReadOutcome Read(Offset from, Offset upTo, int maxBytes, bool firstBatchWhole = true)
    {
        var outcome = Log.Read(from, upTo, maxBytes, firstBatchWhole);
        if (outcome.Kind == ReadKind.NeedsDisk)
        {
            Run(Log.ReadCold(from));
            outcome = Log.Read(from, upTo, maxBytes, firstBatchWhole);
            Invariant.Check(outcome.Kind != ReadKind.NeedsDisk);
        }

        return outcome;
    }

    public Memory<byte> Batch(int records, int valueBytes, in BatchOptions options, long timestamp)
    {
        _builder.Begin(options);
        for (var i = 0; i < records; i++)
        {
            var value = new byte[valueBytes];
            value.AsSpan().Fill((byte)i);
            Invariant.Check(_builder.TryAppend(timestamp + i, Encoding.ASCII.GetBytes("key"), value));
        }

        return _builder.Build().ToArray();
    }

    public AppendOutcome Append(int records = 1, int valueBytes = 20, long producer = -1, int sequence = -1)
    {
        var options = new BatchOptions();
        if (producer >= 0)
        {
            options = options with { ProducerId = producer, ProducerEpoch = 0, BaseSequence = sequence };
        }

        return Append(Batch(records, valueBytes, options, WallMs));
    }

    public AppendOutcome Append(Memory<byte> batch, int epoch = 3) =>
        Log.Append(Now, batch, AppendOrigin.Client, new LeaderEpoch(epoch));

    private void Give(in Input answer)
    {
        switch (answer.Kind)
        {
            case InputKind.Written:
                Files.WrittenTo(answer.File, answer.Position, Now);
                break;
            case InputKind.Flushed:
                Files.FlushedTo(answer.File, answer.Position, Now);
                break;
            case InputKind.ReadDone:
            case InputKind.NamesChanged:
                Files.Answered(answer.Ticket, answer.Bytes);
                break;
            default:
                throw new InvalidOperationException(answer.ToString());
        }
    }

    private void Connect()
    {
        if (Files is not null)
        {
            // The old process is gone; what it still wanted is not asked for any more.
            Disk.LoseProcess();
        }

        Effects = new Effects();
        Files = new Files(Effects);
        Timers = new Timers();
        Clock = new StepClock { Now = Now };
        Env = new LogEnvironment(Files, Effects, Timers, Prng.Fork());
    }
}
