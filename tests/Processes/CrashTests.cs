using System;
using System.IO;
using Deterministic.Tests.Clients;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>
/// The real program, killed, cut off from its disk, lied to by its disk and out of space: what it acknowledged is there
/// when it comes back.
/// </summary>
[Collection(ClientCollection.Name)]
public sealed class CrashTests
{
    [Fact]
    public void Killed_in_the_middle_of_producing_it_has_everything_it_acknowledged()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var ledger = new Ledger();
        for (var round = 0; round < 3; round++)
        {
            using var broker = new BrokerUnderTest(data);
            if (round == 0)
            {
                ledger.CreateTopic(broker.Port);
            }

            ledger.Verify(broker.Port);
            ledger.Start(broker.Port, valueBytes: 200);
            ledger.WaitForMore(400);
            broker.Kill();
            ledger.WaitForEnd();
        }

        using var last = new BrokerUnderTest(data);
        ledger.Verify(last.Port);
        Assert.Equal(0, last.Stop().ExitCode);
        Assert.True(File.Exists(Path.Combine(data, ".kafka_cleanshutdown")));
    }

    [LinuxFact(root: true, "mkfs.ext4", "losetup")]
    public void After_a_power_cut_everything_acknowledged_is_there()
    {
        using var disk = new CutOffDisk();
        var data = Path.Combine(disk.Mount, "data");
        var ledger = new Ledger();
        for (var round = 0; round < 2; round++)
        {
            using var broker = new BrokerUnderTest(data);
            if (round == 0)
            {
                ledger.CreateTopic(broker.Port);
            }

            ledger.Verify(broker.Port);
            ledger.Start(broker.Port, valueBytes: 1000);
            ledger.WaitForMore(300);
            disk.CutPower();
            ledger.WaitForEnd();
            var end = broker.WaitForEnd();
            Assert.Equal(4, end.ExitCode);
            Assert.Contains("deterministic: the disk failed: ", end.Errors, StringComparison.Ordinal);
            disk.MountAgain();
        }

        using var last = new BrokerUnderTest(data);
        ledger.Verify(last.Port);
        last.Kill();
    }

    [LinuxFact(root: false, "strace")]
    public void A_flush_that_fails_is_never_acknowledged_and_stops_the_broker()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var ledger = new Ledger();
        using (var broker = new BrokerUnderTest(
            data, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,syncfs",
            "-e", "inject=fdatasync,syncfs:error=EIO:when=90+"))
        {
            ledger.CreateTopic(broker.Port);
            ledger.Start(broker.Port, valueBytes: 100);
            ledger.WaitForEnd();
            var end = broker.WaitForEnd();
            Assert.Equal(4, end.ExitCode);
            Assert.Contains("Input/output error (errno 5)", end.Errors, StringComparison.Ordinal);
        }

        Assert.True(ledger.Count > 0);
        using var again = new BrokerUnderTest(data);
        ledger.Verify(again.Port);
        again.Kill();
    }

    [LinuxFact(root: true)]
    public void A_full_disk_stops_the_broker_with_its_reason_and_loses_nothing()
    {
        using var folder = new TemporaryFolder();
        new Tool("mount", "-t", "tmpfs", "-o", "size=24m", "none", folder.Path).MustRun();
        try
        {
            var data = Path.Combine(folder.Path, "data");
            var ledger = new Ledger();
            using (var broker = new BrokerUnderTest(data))
            {
                ledger.CreateTopic(broker.Port);
                ledger.Start(broker.Port, valueBytes: 100_000);
                ledger.WaitForEnd();
                var end = broker.WaitForEnd();
                Assert.Equal(4, end.ExitCode);
                Assert.Contains("No space left on device", end.Errors, StringComparison.Ordinal);
            }

            Assert.True(ledger.Count > 50);
            new Tool("mount", "-o", "remount,size=64m", folder.Path).MustRun();
            using var again = new BrokerUnderTest(data);
            ledger.Verify(again.Port);
            again.Kill();
        }
        finally
        {
            new Tool("umount", "-l", folder.Path).Run();
        }
    }
}
