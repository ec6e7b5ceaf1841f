using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Runtime.Real.Storage;
using Xunit;

namespace Deterministic.Tests.Models.RuntimeReal;

/// <summary>
/// The real runtime driven over TCP with a kernel of a few commands, on Linux's calls and on the portable twin.
/// </summary>
public sealed class NodeHostTests
{
    public static TheoryData<string> Twins => EchoHost.Twins;

    [Theory]
    [MemberData(nameof(Twins))]
    public void Frames_cut_anywhere_arrive_whole_and_in_order(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        var random = new Random(7);
        var sent = new List<byte[]>();
        var stream = new MemoryStream();
        for (var i = 0; i < 300; i++)
        {
            var body = new byte[i % 50 == 49 ? random.Next(200_000) : random.Next(300)];
            random.NextBytes(body);
            sent.Add(body);
            stream.Write(EchoClient.Frame('E', (byte)i, 0, body));
        }

        var sender = new Thread(() =>
        {
            var bytes = stream.ToArray();
            for (var at = 0; at < bytes.Length;)
            {
                var piece = Math.Min(bytes.Length - at, random.Next(4) == 0 ? 1 : random.Next(1, 40_000));
                at += client.Socket.Send(bytes, at, piece, System.Net.Sockets.SocketFlags.None);
            }
        });
        sender.Start();
        for (var i = 0; i < sent.Count; i++)
        {
            var answer = client.Receive();
            Assert.Equal((byte)i, answer!.Value.Tag);
            Assert.Equal(sent[i], answer.Value.Bytes);
        }

        sender.Join();
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void Appends_are_in_the_file_when_they_are_answered_and_slices_bring_them_back(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        var expected = new MemoryStream();
        var random = new Random(11);
        for (var i = 0; i < 60; i++)
        {
            var bytes = new byte[random.Next(1, 9000)];
            random.NextBytes(bytes);
            expected.Write(bytes);
            client.Send(i % 3 == 0 ? 'F' : 'W', (byte)i, 3, bytes);
        }

        var tags = Enumerable.Range(0, 60).Select(_ => client.Receive()!.Value.Tag).Order();
        Assert.Equal(Enumerable.Range(0, 60).Select(i => (byte)i), tags);
        Assert.Equal(expected.ToArray(), ReadShared(Path.Combine(host.Data, EchoKernel.PathOf(3))));

        var all = expected.ToArray();
        Assert.Equal(all, client.Ask('S', 1, 3, EchoClient.Range(0, all.Length)).Bytes);
        Assert.Equal(all[100..5100], client.Ask('S', 2, 3, EchoClient.Range(100, 5000)).Bytes);
        Assert.Equal(all[100..5100], client.Ask('R', 2, 3, EchoClient.Range(100, 5000)).Bytes);
        Assert.Equal(all[^10..], client.Ask('R', 2, 3, EchoClient.Range(all.Length - 10, 5000)).Bytes);
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void The_first_bytes_of_a_file_are_sent_in_the_round_that_appends_them(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        for (byte file = 1; file <= 20; file++)
        {
            // Both frames arrive together: the slice is named while the file is not there yet.
            var both = new MemoryStream();
            both.Write(EchoClient.Frame('W', 1, file, [file, 2, 3]));
            both.Write(EchoClient.Frame('S', 2, file, EchoClient.Range(0, 3)));
            client.Socket.Send(both.ToArray());

            var answers = new SortedDictionary<byte, byte[]>();
            for (var i = 0; i < 2; i++)
            {
                var answer = client.Receive() ?? throw new IOException("the connection was closed");
                answers.Add(answer.Tag, answer.Bytes);
            }

            Assert.Equal([file, 2, 3], answers[2]);
        }
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void A_slow_reader_gets_everything_and_holds_nobody_up(string twin)
    {
        using var host = new EchoHost(twin, new NodeLimits { MaxOutputBytes = 1 << 20 });
        using var client = host.Connect();
        using var other = host.Connect();
        var bytes = new byte[3_000_000];
        new Random(3).NextBytes(bytes);
        client.Ask('W', 0, 1, bytes);
        for (var i = 0; i < 20; i++)
        {
            client.Send('S', (byte)i, 1, EchoClient.Range(i, bytes.Length - i));
            client.Send('E', (byte)i, 1, bytes.AsSpan(i, 5000));
        }

        Assert.Equal([5, 6], other.Ask('E', 9, 0, [5, 6]).Bytes);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(bytes.AsSpan(i).SequenceEqual(client.Receive()!.Value.Bytes));
            Assert.True(bytes.AsSpan(i, 5000).SequenceEqual(client.Receive()!.Value.Bytes));
        }
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void A_pause_holds_the_very_next_frame_and_a_resume_lets_go_on(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        for (var i = 0; i < 100; i++)
        {
            client.Send(i % 2 == 0 ? 'P' : 'E', (byte)i, 0, [(byte)i]);
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal((byte)i, client.Receive()!.Value.Tag);
        }
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void Absurd_lengths_close_that_connection_only(string twin)
    {
        using var host = new EchoHost(twin, new NodeLimits { MaxRequestBytes = 1000 });
        using var good = host.Connect();
        foreach (var length in new[] { -1, int.MinValue, int.MaxValue, 1001 })
        {
            using var bad = host.Connect();
            var head = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(head, length);
            bad.Socket.Send(head);
            Assert.Null(bad.Receive());
        }

        Assert.Equal(new byte[997], good.Ask('E', 1, 0, new byte[997]).Bytes);
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void A_promised_frame_that_never_comes_costs_no_memory(string twin)
    {
        using var host = new EchoHost(twin, new NodeLimits { MaxQueuedRequestBytes = 8 << 20, MaxStuckMs = 500 });
        var bad = new List<EchoClient>();
        var head = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(head, 90 << 20);
        for (var i = 0; i < 200; i++)
        {
            bad.Add(host.Connect());
            bad[i].Socket.Send(head);
        }

        // More buffers are wanted than there may be: those that wait for nothing are cut off and the others are served.
        using var good = host.Connect();
        Assert.Equal(200_000, good.Ask('E', 1, 0, new byte[200_000]).Bytes.Length);
        bad.ForEach(client => client.Dispose());
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void Close_lets_the_answer_leave_first(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        var answer = client.Ask('C', 4, 0, new byte[2_000_000]);
        Assert.Equal(2_000_000, answer.Bytes.Length);
        Assert.Null(client.Receive());
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void Truncate_rename_and_delete_act_in_the_order_they_were_asked_for(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        client.Send('W', 1, 5, [1, 2, 3, 4, 5]);
        client.Send('T', 2, 5, [0, 0, 0, 2]);
        client.Send('F', 3, 5, [9]);
        client.Send('N', 4, 5, []);
        client.Send('W', 5, 5, [8]);
        client.Send('S', 6, 5, EchoClient.Range(0, 4));
        var answers = Enumerable.Range(0, 6).Select(_ => client.Receive()!.Value).ToList();
        Assert.Equal([1, 2, 3, 4, 5, 6], answers.Select(a => (int)a.Tag).Order());
        Assert.Equal([1, 2, 9, 8], answers.Single(a => a.Tag == 6).Bytes);
        Assert.Equal([1, 2, 9, 8], ReadShared(Path.Combine(host.Data, "renamed-5/00000000000000000000.log")));

        client.Ask('W', 1, 6, [1]);
        client.Send('D', 2, 6, []);
        client.Send('W', 3, 6, [7, 7]);
        Assert.Equal(2 + 3, client.Receive()!.Value.Tag + client.Receive()!.Value.Tag);
        Assert.Equal([7, 7], ReadShared(Path.Combine(host.Data, EchoKernel.PathOf(6))));
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void What_is_removed_is_gone_when_the_node_has_ended(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        client.Ask('W', 1, 6, [1]);
        var directory = Path.GetDirectoryName(Path.Combine(host.Data, EchoKernel.PathOf(6)))!;
        for (var i = 0; i < 10_000; i++)
        {
            File.WriteAllBytes(Path.Combine(directory, i.ToString(CultureInfo.InvariantCulture)), []);
        }

        // Its name is free with the answer; ten thousand files take longer. Its owner may touch the directory after the end.
        client.Ask('D', 2, 6, []);
        host.Stop();
        Assert.Empty(Directory.GetDirectories(host.Data, "*-delete"));
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void More_files_than_may_be_open_are_opened_again(string twin)
    {
        using var host = new EchoHost(twin, new NodeLimits { MaxOpenFiles = 8 });
        using var client = host.Connect();
        for (var round = 0; round < 3; round++)
        {
            for (var file = 0; file < 40; file++)
            {
                client.Send('F', (byte)file, (byte)file, [(byte)round, (byte)file]);
            }

            for (var file = 0; file < 40; file++)
            {
                client.Receive();
            }
        }

        for (var file = 0; file < 40; file++)
        {
            var bytes = client.Ask('S', 0, (byte)file, EchoClient.Range(0, 6)).Bytes;
            Assert.Equal([0, (byte)file, 1, (byte)file, 2, (byte)file], bytes);
        }
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void Many_connections_come_talk_and_go(string twin)
    {
        using var host = new EchoHost(twin);
        var random = new Random(5);
        var clients = Enumerable.Range(0, 150).Select(_ => host.Connect()).ToList();
        for (var round = 0; round < 400; round++)
        {
            var at = random.Next(clients.Count);
            if (random.Next(5) == 0)
            {
                clients[at].Send('E', 1, 0, new byte[random.Next(100_000)]);
                clients[at].Dispose();
                clients[at] = host.Connect();
            }
            else
            {
                var length = random.Next(3000);
                Assert.Equal(length, clients[at].Ask('E', 1, 0, new byte[length]).Bytes.Length);
            }
        }

        clients.ForEach(client => client.Dispose());
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void A_broken_invariant_stops_the_node_and_leaves_a_flight_record(string twin)
    {
        using var host = new EchoHost(twin);
        using var client = host.Connect();
        client.Ask('E', 1, 0, [1]);
        client.Send('X', 1, 0, []);
        Assert.Null(client.Receive());
        var end = host.End;
        Assert.False(end.IsClean);
        Assert.Contains("invariant broken", end.Why, StringComparison.Ordinal);
        var record = File.ReadAllText(end.FlightRecord!);
        Assert.Contains("Opened c1 on 0 from 127.0.0.1", record, StringComparison.Ordinal);
        Assert.Contains("Received c1 4 bytes", record, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Twins))]
    public void A_failed_flush_is_told_once_and_answers_nothing(string twin)
    {
        var calls = new FailingDiskCalls(twin == "linux" ? new LinuxDiskCalls() : new PortableDiskCalls());
        using var host = new EchoHost(twin, calls: calls);
        using var client = host.Connect();
        client.Ask('F', 1, 0, [1]);
        calls.FailFlushes = true;
        client.Send('F', 2, 0, [1]);
        Assert.Null(client.Receive());
        Assert.Contains("no disk today", host.End.Why, StringComparison.Ordinal);
        Assert.Equal(1, calls.FailedFlushes);
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A disk that stops flushing when it is told to.</summary>
    private sealed class FailingDiskCalls(IDiskCalls inner) : IDiskCalls
    {
        public string Name => "failing";

        public bool FailFlushes { get; set; }

        public int FailedFlushes { get; private set; }

        public void Write(
            Microsoft.Win32.SafeHandles.SafeFileHandle file, long position, List<ReadOnlyMemory<byte>> pieces) =>
            inner.Write(file, position, pieces);

        public int ReadCached(Microsoft.Win32.SafeHandles.SafeFileHandle file, long position, Span<byte> into) =>
            inner.ReadCached(file, position, into);

        public void FlushFile(Microsoft.Win32.SafeHandles.SafeFileHandle file)
        {
            if (FailFlushes)
            {
                FailedFlushes++;
                throw new IOException("no disk today");
            }

            inner.FlushFile(file);
        }

        public void FlushDirectory(string path) => inner.FlushDirectory(path);

        public bool FlushFileSystem(string path) => inner.FlushFileSystem(path);
    }
}
