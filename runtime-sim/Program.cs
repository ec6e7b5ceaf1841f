using System;
using System.IO;
using System.Text;
using Deterministic.Runtime.Sim.Cli;

// A replay is a line per event: the console's own line-by-line flushing would take longer than the run.
using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
return CommandLine.Run(args, output, Console.Error);
