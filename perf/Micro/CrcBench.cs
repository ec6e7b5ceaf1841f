using System;
using Deterministic.Protocol;

namespace Deterministic.Perf.Micro;

/// <summary>
/// CRC-32C over the sizes that batches have, and the reason for the intrinsics in Crc32C.cs. DOTNET_EnableAVX512=0 (and
/// DOTNET_EnableHWIntrinsic=0) show the slower forms.
/// </summary>
internal static class CrcBench
{
    public static void Run()
    {
        var bytes = new byte[1 << 20];
        new Random(1).NextBytes(bytes);
        var sink = 0u;
        foreach (var size in new[] { 64, 256, 1024, 16 * 1024, 64 * 1024, 1 << 20 })
        {
            Bench.Run($"crc-32c of {size} bytes", size, 0, () => sink ^= Crc32C.Compute(bytes.AsSpan(0, size)));
        }

        var some = bytes[..65536];
        Bench.Run("by the table, 65536 bytes", some.Length, 0, () => sink ^= Crc32C.AppendByTable(0, some));
        GC.KeepAlive(sink);
    }
}
