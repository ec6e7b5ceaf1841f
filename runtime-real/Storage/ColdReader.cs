using System;
using System.Collections.Concurrent;
using System.IO;
using System.Threading;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// One read that has to wait for the disk. <see cref="Length"/> 0 and a connection in the ticket: warm a slice.
/// </summary>
internal readonly record struct ReadRequest(long Ticket, SharedHandle Lease, long Position, int Length, bool IsWarmUp);

/// <summary>
/// The one thread of a node that waits for reads which the page cache cannot answer. Bytes of an answer are new memory,
/// given to the kernel for good.
/// </summary>
internal sealed class ColdReader : IDisposable
{
    /// <summary>Bound: reads waiting. The kernel has at most a few for each partition it opens.</summary>
    private const int MaxWaiting = 64 * 1024;

    private readonly BlockingCollection<ReadRequest> _waiting = new(MaxWaiting);
    private readonly CompletionRing _completions;
    private readonly Thread _thread;
    private readonly byte[] _warmScratch = GC.AllocateUninitializedArray<byte>(128 * 1024, pinned: true);

    public ColdReader(CompletionRing completions, string name)
    {
        _completions = completions;
        _thread = new Thread(Run) { Name = name + "-read", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The node's thread. False: too many wait already.</summary>
    public bool Post(in ReadRequest request) => _waiting.TryAdd(request);

    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
    }

    private void Run()
    {
        foreach (var request in _waiting.GetConsumingEnumerable())
        {
            try
            {
                _completions.Add(request.IsWarmUp ? WarmUp(request) : Read(request));
            }
            catch (IOException e)
            {
                _completions.Add(new Completion(CompletionKind.DiskFailed)
                {
                    Reason = e.Message,
                    Lease = request.Lease,
                });
            }
        }
    }

    private static Completion Read(in ReadRequest request)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(request.Length);
        var read = ReadFully(request, bytes);
        return new Completion(CompletionKind.ReadDone)
        {
            Ticket = request.Ticket,
            Bytes = bytes.AsMemory(0, read),
            Lease = request.Lease,
        };
    }

    private Completion WarmUp(in ReadRequest request)
    {
        for (var done = 0; done < request.Length;)
        {
            var part = Math.Min(_warmScratch.Length, request.Length - done);
            var read = RandomAccess.Read(request.Lease.Handle, _warmScratch.AsSpan(0, part), request.Position + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return new Completion(CompletionKind.Warmed) { Ticket = request.Ticket, Lease = request.Lease };
    }

    private static int ReadFully(in ReadRequest request, byte[] bytes)
    {
        var done = 0;
        while (done < bytes.Length)
        {
            var read = RandomAccess.Read(request.Lease.Handle, bytes.AsSpan(done), request.Position + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }
}
