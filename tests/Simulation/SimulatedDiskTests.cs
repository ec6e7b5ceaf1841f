using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Runtime.Sim.Disk;
using Xunit;

namespace Deterministic.Tests.Simulation;

/// <summary>
/// The simulated disk keeps what it promised and, over enough seeds, breaks everything it did not promise.
/// </summary>
public sealed class SimulatedDiskTests
{
    private const int Seeds = 300;

    [Fact]
    public void What_was_flushed_survives_every_power_loss()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var world = new DiskDriver(seed);
            var file = world.Open("a/00.log");
            world.Append(file, "flushed");
            world.Flush(file);
            world.Append(file, "-and-more");
            world.Disk.LosePower();
            Assert.StartsWith("flushed", world.Text("a/00.log"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_was_not_flushed_is_seen_lost_kept_cut_and_zeroed()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            var file = world.Open("a");
            world.Append(file, "x");
            world.Flush(file);
            world.Append(file, new string('y', 9000));
            world.Disk.LosePower();
            var text = world.Text("a")!;
            return (text.Length, text.Contains('\0', StringComparison.Ordinal)) switch
            {
                (1, _) => "lost",
                (9001, false) => "kept",
                (_, true) => "zeroed",
                _ => "cut",
            };
        });
        Assert.Equal(["cut", "kept", "lost", "zeroed"], seen);
    }

    [Fact]
    public void A_killed_process_loses_only_what_was_not_written()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            var file = world.Open("a");
            world.Append(file, "written");
            world.Effects.Add(new Append(file, 7, Encoding.ASCII.GetBytes("-asked")));
            world.Submit();
            world.Disk.LoseProcess();
            var text = world.Text("a")!;
            Assert.StartsWith("written", text, StringComparison.Ordinal);
            return text.Length == 7 ? "not done" : text == "written-asked" ? "done" : "torn";
        });
        Assert.Equal(["done", "not done", "torn"], seen);
    }

    [Fact]
    public void A_rename_that_was_not_answered_may_be_undone_and_an_answered_one_never()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            world.Replace("checkpoint", "old", wait: true);
            world.Replace("checkpoint", "new", wait: false);
            world.Disk.LosePower();
            return world.Text("checkpoint")!;
        });
        Assert.Equal(["new", "old"], seen);
        Assert.Equal(["new"], Over(seed =>
        {
            var world = new DiskDriver(seed);
            world.Replace("checkpoint", "old", wait: true);
            world.Replace("checkpoint", "new", wait: true);
            world.Disk.LosePower();
            return world.Text("checkpoint")!;
        }));
    }

    [Fact]
    public void A_rename_before_the_flush_of_its_content_can_leave_an_empty_file()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            var file = world.Open("c.tmp");
            world.Append(file, "content");
            world.Rename("c.tmp", "c");
            world.Disk.LosePower();
            return world.Text("c")!.Trim('\0');
        });
        Assert.Contains("", seen);
        Assert.Contains("content", seen);
    }

    [Fact]
    public void A_file_whose_entry_was_never_synced_may_be_missing()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            world.Append(world.Open("d/new"), "x");
            world.Disk.LosePower();
            return world.Text("d/new") is null ? "missing" : "there";
        });
        Assert.Equal(["missing", "there"], seen);
    }

    [Fact]
    public void A_cut_that_was_not_flushed_may_come_back_and_never_mixes_with_what_replaced_it()
    {
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed);
            var file = world.Open("a");
            world.Append(file, "0123456789");
            world.Flush(file);
            world.Truncate(file, 4);
            world.Append(file, 4, "abc");
            world.Disk.LosePower();
            return world.Text("a")!;
        });
        Assert.Contains("0123456789", seen);
        Assert.Contains("0123abc", seen);
        Assert.Contains("0123", seen);
        Assert.All(seen, text => Assert.True(text.Length <= 7 || text == "0123456789", text));
    }

    [Fact]
    public void A_directory_moves_with_everything_in_it()
    {
        var world = new DiskDriver(1);
        world.Append(world.Open("t-0/a"), "a");
        world.Append(world.Open("t-0/b"), "b");
        world.Append(world.Open("t-01/a"), "other");
        world.Rename("t-0", "t-0.gone-delete");
        var paths = world.Disk.Image().Files.Select(file => file.Path);
        Assert.Equal(["t-0.gone-delete/a", "t-0.gone-delete/b", "t-01/a"], paths);
        world.Delete("t-0.gone-delete");
        Assert.Equal(["t-01/a"], world.Disk.Image().Files.Select(f => f.Path));
    }

    [Fact]
    public void A_slice_sees_what_was_appended_a_moment_before()
    {
        var world = new DiskDriver(1);
        var file = world.Open("a");
        world.Effects.Add(new Append(file, 0, Encoding.ASCII.GetBytes("hello")));
        world.Submit();
        Span<byte> read = stackalloc byte[3];
        world.Disk.ReadSlice(new FileSlice(file, 1, 3), read);
        Assert.Equal("ell", Encoding.ASCII.GetString(read));
    }

    [Fact]
    public void After_a_failed_flush_the_cache_lies()
    {
        var options = new DiskOptions { FailedFlush = 1_000_000 };
        var seen = Over(seed =>
        {
            var world = new DiskDriver(seed, options);
            var file = world.Open("a");
            world.Append(file, "content");
            world.Flush(file);
            Assert.Equal("content", world.Text("a"));
            world.Disk.LosePower();
            return world.Text("a")?.Trim('\0') ?? "missing";
        });
        Assert.DoesNotContain("content", seen);
    }

    [Fact]
    public void A_full_disk_refuses_and_keeps_what_it_has()
    {
        var world = new DiskDriver(1, new DiskOptions { Capacity = 10 });
        var file = world.Open("a");
        world.Append(file, "12345678");
        world.Effects.Add(new Append(file, 8, new byte[8]));
        world.Submit();
        Assert.Contains(world.Drain(), input => input.Kind == InputKind.DiskFailed);
        Assert.StartsWith("12345678", world.Text("a"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_platter()
    {
        static string? Run(int seed)
        {
            var world = new DiskDriver(seed);
            var file = world.Open("a");
            world.Append(file, new string('z', 20_000));
            world.Disk.LosePower();
            return world.Text("a");
        }

        for (var seed = 0; seed < 50; seed++)
        {
            Assert.Equal(Run(seed), Run(seed));
        }
    }

    private static List<string> Over(Func<int, string> run)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < Seeds; seed++)
        {
            seen.Add(run(seed));
        }

        return [.. seen];
    }
}
