using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Tests.Clients.Differential;
using Xunit;
using Xunit.Abstractions;

namespace Deterministic.Tests.Processes;

/// <summary>
/// Frames that no client would send, as many as DETERMINISTIC_HOSTILE_FRAMES says (by default few): random bytes, real
/// headers with random bodies, real requests cut short, bent or prolonged. The broker stays up, its memory bounded,
/// and a
/// well-behaved client beside them is answered all the while.
/// </summary>
public sealed class HostileFramesTests(ITestOutputHelper output)
{
    private const int FramesPerBurst = 8;
    private const long MemoryBound = 1L << 30;

    private static int FrameCount =>
        int.TryParse(
            Environment.GetEnvironmentVariable("DETERMINISTIC_HOSTILE_FRAMES"), CultureInfo.InvariantCulture, out var n)
            ? n
            : 8_000;

    [Fact]
    public async Task Hostile_frames_close_their_own_connection_at_most()
    {
        await using var broker = await DeterministicBroker.StartAsync(
            new DeterministicBrokerOptions { Host = "127.0.0.1" });
        var port = int.Parse(
            broker.BootstrapServers[(broker.BootstrapServers.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        var ledger = new Ledger();
        ledger.CreateTopic(port);
        var sent = 0;
        var bursts = 0;
        var attacker = new Thread(() =>
        {
            var random = new Random(1);
            while (sent < FrameCount)
            {
                sent += Burst(port, random);
                Interlocked.Increment(ref bursts);
            }
        });
        attacker.Start();
        var asked = 0;
        using var wire = new Wire("127.0.0.1", port, TimeSpan.FromSeconds(30));
        do
        {
            Assert.IsType<MetadataResponse>(wire.Ask(new MetadataRequest(), 9).Response);
            asked++;
        }
        while (!attacker.Join(TimeSpan.FromMilliseconds(1)));
        Assert.False(broker.Ended.IsCompleted);
        Assert.True(Environment.WorkingSet < MemoryBound, $"working set {Environment.WorkingSet}");
        output.WriteLine(
            $"{sent} frames on {bursts} connections, {asked} good requests, {Environment.WorkingSet >> 20} MiB");
        ledger.Verify(port);
    }

    /// <summary>One connection, many frames at once; whatever comes back is read and thrown away.</summary>
    private static int Burst(int port, Random random)
    {
        using var client = new TcpClient("127.0.0.1", port) { ReceiveTimeout = 10_000, LingerState = new(true, 0) };
        var stream = client.GetStream();
        var bytes = new MemoryStream();
        for (var i = 0; i < FramesPerBurst; i++)
        {
            bytes.Write(Frame(random));
        }

        try
        {
            stream.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
            client.Client.Shutdown(SocketShutdown.Send);
            var sink = new byte[16 * 1024];
            while (stream.Read(sink) > 0)
            {
                // Answers to frames that happened to be requests.
            }
        }
        catch (IOException)
        {
            // Closed or reset: the broker's right.
        }

        return FramesPerBurst;
    }

    private static byte[] Frame(Random random)
    {
        var body = random.Next(4) switch
        {
            0 => RandomBytes(random, random.Next(200)),
            1 => Headed(random),
            _ => Bent(random),
        };
        var frame = new byte[4 + body.Length];
        var length = random.Next(200) == 0 ? random.Next(int.MinValue, int.MaxValue) : body.Length;
        BinaryPrimitives.WriteInt32BigEndian(frame, length);
        body.CopyTo(frame, 4);
        return frame;
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A header of an API that may exist, and then anything.</summary>
    private static byte[] Headed(Random random)
    {
        var bytes = RandomBytes(random, 10 + random.Next(100));
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)random.Next(-1, 95));
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(2), (short)random.Next(-1, 20));
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(8), -1);
        return bytes;
    }

    /// <summary>A request of a real API, with a byte changed, bytes missing or bytes too many.</summary>
    private static byte[] Bent(Random random)
    {
        var keys = Enum.GetValues<ApiKey>();
        var key = keys[random.Next(keys.Length)];
        var lowest = ApiTable.Lowest(key);
        if (lowest > ApiTable.Highest(key))
        {
            return Headed(random);
        }

        var version = (short)random.Next(lowest, ApiTable.Highest(key) + 1);
        var frame = Frames.Request(new RequestHeader(key, version, 1, "hostile"), ApiTable.NewRequest(key)!)[4..];
        switch (random.Next(3))
        {
            case 0:
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
                return frame;
            case 1:
                return frame[..random.Next(frame.Length)];
            default:
                Array.Resize(ref frame, frame.Length + random.Next(1, 50));
                return frame;
        }
    }
}
