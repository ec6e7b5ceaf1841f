using System;
using System.IO;
using Deterministic.Perf;

switch (args.Length > 0 ? args[0] : "")
{
    case "flush":
        return FlushComparison.Run(args.Length > 1 ? args[1] : Path.GetTempPath());
    default:
        Console.Error.WriteLine("usage: perf flush [directory]");
        return 2;
}
