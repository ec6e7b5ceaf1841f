using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Deterministic.Tests.Purity;

#pragma warning disable CA1823, CS0169, CS0649, CA1805, CA2211, CA1304, CA1305, CA1307, CA1852, IDE0051

/// <summary>What kernel code must never do, done once each, so that the purity test is seen to catch it.</summary>
internal static class Planted
{
    internal sealed class TakesALock
    {
        private readonly object _gate = new();
        private int _count;

        public void Add()
        {
            lock (_gate)
            {
                _count++;
            }
        }
    }

    internal sealed class TakesANewLock
    {
        private readonly Lock _gate = new();
        private int _count;

        public void Add()
        {
            lock (_gate)
            {
                _count++;
            }
        }
    }

    internal sealed class IsAsync
    {
        public async ValueTask<int> Wait(ValueTask<int> other) => await other + 1;
    }

    internal abstract class HandsOutATask
    {
        public abstract Task Later();
    }

    internal sealed class WalksADictionary
    {
        public int Sum(Dictionary<string, int> counts)
        {
            var sum = 0;
            foreach (var (_, count) in counts)
            {
                sum += count;
            }

            return sum;
        }
    }

    internal sealed class WalksAHashSet
    {
        public int Sum(HashSet<int> numbers)
        {
            var sum = 0;
            foreach (var number in numbers)
            {
                sum += number;
            }

            return sum;
        }
    }

    internal sealed class ReadsTheClock
    {
        public long Ticks() => DateTime.UtcNow.Ticks;
    }

    internal sealed class ReadsTheStopwatch
    {
        public long Ticks() => Stopwatch.GetTimestamp();
    }

    internal sealed class ReadsTheEnvironment
    {
        public string? Home() => Environment.GetEnvironmentVariable("HOME");
    }

    internal sealed class DrawsAGuid
    {
        public Guid New() => Guid.NewGuid();
    }

    internal sealed class DrawsARandom
    {
        public int Next() => Random.Shared.Next();
    }

    internal sealed class HashesAString
    {
        public int Of(string text) => text.GetHashCode();
    }

    internal sealed class UsesLinq
    {
        public int Sum(int[] numbers) => numbers.Where(number => number > 0).Sum();
    }

    internal sealed class OpensAFile
    {
        public bool Exists(string path) => File.Exists(path);
    }

    internal sealed class TakesASine
    {
        public double Of(double angle) => Math.Sin(angle);
    }

    internal sealed class AsksTheCulture
    {
        public string Name() => CultureInfo.CurrentCulture.Name;
    }

    internal sealed class CombinesHashes
    {
        public int Of(int a, int b) => HashCode.Combine(a, b);
    }

    internal sealed class CountsInAStatic
    {
        private static int _count;

        public int Next() => ++_count;
    }
}
