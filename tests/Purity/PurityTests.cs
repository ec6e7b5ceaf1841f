using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Deterministic.Broker.Boundary;
using Xunit;

namespace Deterministic.Tests.Purity;

/// <summary>
/// The first law: the kernel touches no clock, thread, file, socket, random source or process-random order.
/// </summary>
public sealed class PurityTests
{
    public static TheoryData<string> KernelAssemblies =>
        ["Deterministic.Primitives", "Deterministic.Protocol", "Deterministic.Broker", "Deterministic.Clients"];

    [Theory]
    [MemberData(nameof(KernelAssemblies))]
    public void Kernel_refers_to_nothing_outside_the_allow_list(string assembly)
    {
        var objections = TopLevelTypes(assembly)
            .SelectMany(References.Of)
            .Select(PurityRules.Objection)
            .OfType<string>()
            .Distinct()
            .Order(StringComparer.Ordinal)
            .Take(40)
            .ToList();
        Assert.True(objections.Count == 0, string.Join('\n', objections));
    }

    [Theory]
    [MemberData(nameof(KernelAssemblies))]
    public void Kernel_has_no_static_that_can_change(string assembly)
    {
        var statics = Assembly.Load(assembly).GetTypes().SelectMany(PurityRules.MutableStatics).ToList();
        Assert.True(statics.Count == 0, string.Join('\n', statics));
    }

    [Theory]
    [InlineData(typeof(Planted.TakesALock), "Monitor")]
    [InlineData(typeof(Planted.TakesANewLock), "System.Threading.Lock")]
    [InlineData(typeof(Planted.IsAsync), "Async")]
    [InlineData(typeof(Planted.HandsOutATask), "System.Threading.Tasks.Task")]
    [InlineData(typeof(Planted.WalksADictionary), "Dictionary`2")]
    [InlineData(typeof(Planted.WalksAHashSet), "HashSet`1")]
    [InlineData(typeof(Planted.ReadsTheClock), "System.DateTime")]
    [InlineData(typeof(Planted.ReadsTheStopwatch), "System.Diagnostics.Stopwatch")]
    [InlineData(typeof(Planted.ReadsTheEnvironment), "System.Environment.GetEnvironmentVariable")]
    [InlineData(typeof(Planted.DrawsAGuid), "System.Guid")]
    [InlineData(typeof(Planted.DrawsARandom), "System.Random")]
    [InlineData(typeof(Planted.HashesAString), "GetHashCode")]
    [InlineData(typeof(Planted.UsesLinq), "System.Linq.Enumerable")]
    [InlineData(typeof(Planted.OpensAFile), "System.IO.File")]
    [InlineData(typeof(Planted.TakesASine), "System.Math.Sin")]
    [InlineData(typeof(Planted.AsksTheCulture), "CurrentCulture")]
    [InlineData(typeof(Planted.CombinesHashes), "System.HashCode")]
    public void Planted_trap_is_caught(Type trap, string expected)
    {
        var objections = References.Of(trap).Select(PurityRules.Objection).OfType<string>().ToList();
        Assert.Contains(objections, objection => objection.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Planted_mutable_static_is_caught() =>
        Assert.NotEmpty(PurityRules.MutableStatics(typeof(Planted.CountsInAStatic)));

    [Fact]
    public void Kernel_assemblies_refer_only_downward()
    {
        var order = new List<string>
        {
            "Deterministic.Primitives", "Deterministic.Protocol", "Deterministic.Broker", "Deterministic.Clients",
        };
        foreach (var name in order)
        {
            var above = Assembly.Load(name).GetReferencedAssemblies()
                .Select(reference => reference.Name!)
                .Where(reference => reference.StartsWith("Deterministic.", StringComparison.Ordinal));
            foreach (var used in above)
            {
                Assert.True(order.IndexOf(used) >= 0 && order.IndexOf(used) < order.IndexOf(name), $"{name} uses {used}");
                Assert.False(name == "Deterministic.Clients" && used == "Deterministic.Broker", "Clients must not use Broker");
            }
        }
    }

    [Fact]
    public void Runtimes_do_not_know_each_other()
    {
        var real = Assembly.Load("Deterministic.Runtime.Real").GetReferencedAssemblies();
        var sim = Assembly.Load("Deterministic.Runtime.Sim").GetReferencedAssemblies();
        Assert.DoesNotContain(real, reference => reference.Name == "Deterministic.Runtime.Sim");
        Assert.DoesNotContain(sim, reference => reference.Name == "Deterministic.Runtime.Real");
    }

    [Fact]
    public void Broker_layers_use_only_those_above_them()
    {
        string[] layers =
        [
            "Deterministic.Broker.Boundary", "Deterministic.Broker.Peers", "Deterministic.Broker.Log",
            "Deterministic.Broker.Raft", "Deterministic.Broker.Metadata", "Deterministic.Broker.Controller",
            "Deterministic.Broker.Membership", "Deterministic.Broker.Requests", "Deterministic.Broker.Replication",
            "Deterministic.Broker.Coordinators", "Deterministic.Broker.Security", "Deterministic.Broker.Apis",
        ];
        var broken = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in TopLevelTypes(typeof(Effects).Assembly.GetName().Name!))
        {
            var own = LayerOf(layers, type.Namespace);
            if (own < 0)
            {
                continue;
            }

            foreach (var reference in References.Of(type))
            {
                var used = LayerOf(layers, reference.Type.Namespace);
                if (used > own)
                {
                    broken.Add($"{reference.From} ({layers[own]}) uses {reference.Type.FullName}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken.Take(30)));
    }

    private static int LayerOf(string[] layers, string? space)
    {
        for (var i = 0; i < layers.Length; i++)
        {
            if (space == layers[i] || space?.StartsWith(layers[i] + ".", StringComparison.Ordinal) == true)
            {
                return i;
            }
        }

        return -1;
    }

    private static IEnumerable<Type> TopLevelTypes(string assembly) =>
        Assembly.Load(assembly).GetTypes().Where(type =>
            !type.IsNested
            && type.Namespace?.StartsWith("Deterministic.", StringComparison.Ordinal) == true);
}
