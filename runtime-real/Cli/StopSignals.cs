using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>SIGINT and SIGTERM ask for a stop in good order; a second one leaves at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private const int Interrupted = 130;

    /// <summary>A terminal and a supervisor may both pass on what one person asked for once.</summary>
    private const int SameRequestMs = 1000;

    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private long _firstAt;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    /// <summary>Cancelled when somebody asks.</summary>
    public CancellationToken Token => _asked.Token;

    /// <summary>Calls back when somebody asks, at once where somebody has already.</summary>
    public void WhenAsked(Action stop) => _asked.Token.Register(stop);

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _asked.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _firstAt, Environment.TickCount64, 0) is var first and not 0)
        {
            if (Environment.TickCount64 - first < SameRequestMs)
            {
                return;
            }

            Console.Error.WriteLine("asked twice: leaving without finishing");
            Environment.Exit(Interrupted);
        }

        _asked.Cancel();
    }
}
