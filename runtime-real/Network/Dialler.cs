using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Runtime.Real.Storage;

namespace Deterministic.Runtime.Real.Network;

/// <summary>
/// Resolves names and connects, with the framework's own tasks: dialling is rare, and a name may take seconds. The node
/// hears of it through its ring like of any helper's work.
/// </summary>
internal sealed class Dialler : IDisposable
{
    /// <summary>Kafka's <c>socket.connection.setup.timeout.ms</c>.</summary>
    private static readonly TimeSpan SetUpTimeout = TimeSpan.FromSeconds(10);

    private readonly CompletionRing _completions;
    private readonly CancellationTokenSource _ended = new();

    public Dialler(CompletionRing completions)
    {
        _completions = completions;
    }

    /// <summary>Begins; a Dialled completion with this ticket follows, whatever happens.</summary>
    public void Dial(long ticket, string host, int port) => _ = Task.Run(() => Connect(ticket, host, port));

    public void Dispose()
    {
        _ended.Cancel();
    }

    private async Task Connect(long ticket, string host, int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
            limit.CancelAfter(SetUpTimeout);
            await socket.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
            socket.Blocking = false;
            _completions.Add(new Completion(CompletionKind.Dialled) { Ticket = ticket, Socket = socket });
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException or ArgumentException)
        {
            socket.Dispose();
            _completions.Add(new Completion(CompletionKind.Dialled) { Ticket = ticket, Reason = e.Message });
        }
    }
}
