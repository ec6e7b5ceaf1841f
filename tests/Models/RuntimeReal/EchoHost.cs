using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Net.Sockets;
using Deterministic.Broker.Boundary;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Network;
using Deterministic.Runtime.Real.Storage;
using Xunit;

namespace Deterministic.Tests.Models.RuntimeReal;

/// <summary>
/// An <see cref="EchoKernel"/> on a free port with a directory of its own, on the twin that is asked for.
/// </summary>
internal sealed class EchoHost : IDisposable
{
    private readonly NodeHost _host;
    private readonly bool _ownsDirectory;

    public EchoHost(string twin, NodeLimits? limits = null, string? directory = null, IDiskCalls? calls = null)
    {
        Data = directory ?? Directory.CreateTempSubdirectory("echo-host-").FullName;
        _ownsDirectory = directory is null;
        var effects = new Effects();
        Kernel = new EchoKernel(effects);
        INetwork network = twin == "linux" ? new EpollNetwork() : new PortableNetwork();
        var listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Port = listener.At.Port;
        _host = new NodeHost(
            new NodeHostOptions
            {
                Name = "echo",
                DataPath = Data,
                Limits = limits ?? new NodeLimits(),
                Network = network,
                DiskCalls = calls ?? (twin == "linux" ? new LinuxDiskCalls() : new PortableDiskCalls()),
                Listeners = [new BoundListener(listener, 0)],
                OnNote = static _ => { },
            },
            effects,
            Kernel.Step);
        _host.Start();
    }

    /// <summary>Both, where this system has both.</summary>
    public static TheoryData<string> Twins => OperatingSystem.IsLinux() ? ["linux", "portable"] : ["portable"];

    public EchoKernel Kernel { get; }

    public string Data { get; }

    public int Port { get; }

    /// <summary>Waits for the node's thread to end.</summary>
    public NodeEnd End
    {
        get
        {
            Assert.True(_host.Ended.Wait(TimeSpan.FromSeconds(20)), "the host did not stop");
            return _host.Ended.Result;
        }
    }

    public EchoClient Connect() => new(Port);

    public NodeEnd Stop()
    {
        _host.RequestStop();
        return End;
    }

    public void Dispose()
    {
        Stop();
        if (_ownsDirectory)
        {
            Directory.Delete(Data, recursive: true);
        }
    }
}

/// <summary>A client of the echo protocol that waits for what it reads.</summary>
internal sealed class EchoClient : IDisposable
{
    public EchoClient(int port)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = 20_000,
            SendTimeout = 20_000,
        };
        Socket.Connect(IPAddress.Loopback, port);
    }

    public Socket Socket { get; }

    public static byte[] Frame(char command, byte tag, byte file, ReadOnlySpan<byte> rest)
    {
        var frame = new byte[7 + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, 3 + rest.Length);
        frame[4] = (byte)command;
        frame[5] = tag;
        frame[6] = file;
        rest.CopyTo(frame.AsSpan(7));
        return frame;
    }

    public static byte[] Range(int position, int length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(bytes, position);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), length);
        return bytes;
    }

    public void Send(char command, byte tag, byte file, ReadOnlySpan<byte> rest) =>
        Socket.Send(Frame(command, tag, file, rest));

    /// <summary>One answer: its tag and what follows; null where the other side has closed.</summary>
    public (byte Tag, byte[] Bytes)? Receive()
    {
        var head = new byte[4];
        if (!Fill(head))
        {
            return null;
        }

        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        Assert.True(Fill(body), "closed in the middle of an answer");
        return (body[0], body[1..]);
    }

    public (byte Tag, byte[] Bytes) Ask(char command, byte tag, byte file, ReadOnlySpan<byte> rest)
    {
        Send(command, tag, file, rest);
        return Receive() ?? throw new IOException("closed");
    }

    public void Dispose() => Socket.Dispose();

    private bool Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count;
            try
            {
                count = Socket.Receive(bytes);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                return false;
            }

            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }
}
