using System.Collections.Generic;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;

namespace Deterministic.Tests.Simulation;

/// <summary>A disk alone, without a node: effects in, answers out, time jumping to the next answer.</summary>
internal sealed class DiskDriver
{
    private readonly Dictionary<int, string> _paths = [];
    private Instant _now = new(1);
    private int _nextFile = 1;
    private long _nextTicket = 1;

    public DiskDriver(int seed, DiskOptions? options = null)
    {
        Disk = new SimulatedDisk(options ?? new DiskOptions(), new Prng((ulong)seed));
    }

    public SimulatedDisk Disk { get; }

    public Effects Effects { get; } = new();

    public FileId Open(string path)
    {
        var file = new FileId(_nextFile++);
        Effects.Add(new Name(file, path));
        Submit();
        return file;
    }

    public void Append(FileId file, string text)
    {
        var length = Disk.Image().LengthOf(_paths[file.Value]);
        Append(file, length < 0 ? 0 : length, text);
    }

    public void Append(FileId file, long position, string text)
    {
        Effects.Add(new Append(file, position, Encoding.ASCII.GetBytes(text)));
        Run();
    }

    public void Truncate(FileId file, long length)
    {
        Effects.Add(new Truncate(file, length));
        Run();
    }

    public void Flush(FileId file)
    {
        Effects.Add(new Flush(file));
        Run();
    }

    public void Rename(string from, string to)
    {
        Effects.Add(new Rename(_nextTicket++, from, to));
        Run();
    }

    public void Delete(string path)
    {
        Effects.Add(new Delete(_nextTicket++, path));
        Run();
    }

    /// <summary>Writes beside, flushes, renames over: the way files are replaced.</summary>
    public void Replace(string path, string text, bool wait)
    {
        var file = Open(path + ".tmp");
        Append(file, 0, text);
        Flush(file);
        Effects.Add(new Forget(file));
        Effects.Add(new Rename(_nextTicket++, path + ".tmp", path));
        Submit();
        if (wait)
        {
            Drain();
        }
    }

    public string? Text(string path) => Disk.Content(path) is { } bytes ? Encoding.ASCII.GetString(bytes) : null;

    /// <summary>Hands the effects over without waiting for answers.</summary>
    public void Submit()
    {
        for (var i = 0; i < Effects.Count; i++)
        {
            if (Effects.KindAt(i) == EffectKind.Name)
            {
                _paths[Effects.NameAt(i).File.Value] = Effects.NameAt(i).Path;
            }

            Invariant.Check(Disk.Execute(Effects, i, _now));
        }

        Effects.Clear();
    }

    /// <summary>Takes every answer there will be.</summary>
    public List<Input> Drain()
    {
        var answers = new List<Input>();
        while (Disk.NextDue != Instant.Never)
        {
            _now = Disk.NextDue > _now ? Disk.NextDue : _now;
            while (Disk.TryTake(_now, out var answer))
            {
                answers.Add(answer);
            }
        }

        return answers;
    }

    private void Run()
    {
        Submit();
        Drain();
    }
}
