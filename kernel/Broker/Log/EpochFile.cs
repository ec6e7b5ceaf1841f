using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>
/// Writes <c>leader-epoch-checkpoint</c>, one writing at a time, always the newest entries. Batches carry their
/// epoch, so
/// recovery finds what the file misses, but only above the recovery point: until the file is durable the recovery
/// point
/// must not pass the start of an epoch that is not in it.
/// </summary>
internal sealed class EpochFile
{
    private readonly Files _files;
    private readonly string _path;
    private List<EpochEntry>? _next;
    private bool _isWriting;

    public EpochFile(Files files, string directory)
    {
        _files = files;
        _path = $"{directory}/{LogFileNames.LeaderEpochs}";
    }

    /// <summary>Epochs of everything below are durable.</summary>
    public Offset DurableBelow { get; private set; } = new(long.MaxValue);

    public void Write(IReadOnlyList<EpochEntry> entries)
    {
        _next = new List<EpochEntry>(entries);
        if (entries.Count > 0)
        {
            DurableBelow = Offset.Min(DurableBelow, entries[^1].StartOffset);
        }

        if (!_isWriting)
        {
            _isWriting = true;
            Routine.Run(WriteAll());
        }
    }

    private IEnumerator<Ticket> WriteAll()
    {
        while (_next is { } entries)
        {
            _next = null;
            var writing = Checkpoints.WriteEpochs(_files, _path, entries);
            while (writing.MoveNext())
            {
                yield return writing.Current;
            }
        }

        DurableBelow = new Offset(long.MaxValue);
        _isWriting = false;
    }
}
