using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace Deterministic.Perf.Load;

/// <summary>Sends frames of the load's batch size to <see cref="RawPipeline"/>, as many at a time as the load says.</summary>
internal static class RawLoad
{
    public static LoadResult Run(LoadOptions options)
    {
        using var connection = new BrokerConnection(options.Host, options.Port);
        var frame = new byte[4 + options.BatchBytes];
        new Random(1).NextBytes(frame);
        BinaryPrimitives.WriteInt32BigEndian(frame, options.BatchBytes);
        var coreBefore = ProcessorTime.SecondsOf(options.Pid);
        var clock = Stopwatch.StartNew();
        var outstanding = 0;
        var bytes = 0L;
        while (clock.Elapsed.TotalSeconds < options.Seconds && bytes < options.Bytes)
        {
            if (outstanding == options.InFlight)
            {
                connection.Receive();
                outstanding--;
            }

            connection.Send(frame);
            bytes += frame.Length;
            outstanding++;
        }

        while (outstanding-- > 0)
        {
            connection.Receive();
        }

        var core = ProcessorTime.SecondsOf(options.Pid) - coreBefore;
        var what = $"raw pipeline {options.BatchBytes / 1024} KiB";
        return new LoadResult(what, bytes / 1e6, clock.Elapsed.TotalSeconds, core, 0, 0, 0);
    }
}
