using System;
using System.Globalization;
using System.IO;
using Deterministic.Perf;
using Deterministic.Perf.Load;
using Deterministic.Perf.Micro;
using Deterministic.Perf.Partitions;

switch (args)
{
    case ["crc"]:
        CrcBench.Run();
        return 0;
    case ["batches"]:
        BatchBench.Run();
        return 0;
    case ["flush", .. var directory]:
        return FlushComparison.Run(directory.Length > 0 ? directory[0] : Path.GetTempPath());
    case ["load", var kind, .. var words]:
        return LoadCommand.Run(kind, words);
    case ["partitions", .. var words]:
        return PartitionsCommand.Run(words);
    case ["simulated", .. var words]:
        return SimulatedCommand.Run(words);
    case ["raw-server", var port, var path]:
        RawPipeline.Serve(int.Parse(port, CultureInfo.InvariantCulture), path);
        return 0;
    default:
        Console.WriteLine("usage: perf crc | batches | flush [DIRECTORY]");
        Console.WriteLine("perf partitions [COUNT] [kafka] | simulated [NODES] [PARTITIONS]");
        Console.WriteLine(LoadCommand.Usage);
        return args.Length == 0 ? 0 : 1;
}
