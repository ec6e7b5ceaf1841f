return await Deterministic.Runtime.Real.Cli.CommandLine.RunAsync(args).ConfigureAwait(false);
