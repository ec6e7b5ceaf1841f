using System;
using System.Globalization;
using Deterministic.Perf.Load;
using Deterministic.Perf.Micro;

switch (args)
{
    case ["crc"]:
        CrcBench.Run();
        return 0;
    case ["batches"]:
        BatchBench.Run();
        return 0;
    case ["load", var kind, .. var words]:
        return LoadCommand.Run(kind, words);
    case ["raw-server", var port, var path]:
        RawPipeline.Serve(int.Parse(port, CultureInfo.InvariantCulture), path);
        return 0;
    default:
        Console.WriteLine($"usage: perf crc | batches\n{LoadCommand.Usage}");
        return args.Length == 0 ? 0 : 1;
}
