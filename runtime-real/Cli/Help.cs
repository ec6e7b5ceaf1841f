using System.Reflection;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>What --help and --version say.</summary>
internal static class Help
{
    public const string Text = """
        Deterministic: a Kafka-compatible broker.

        usage: dotnet run -c Release --project runtime-real -- [options] [server.properties]
               dotnet run -c Release --project runtime-real -- storage format --cluster-id ID --config FILE
                   [--standalone | --initial-controllers ID@HOST:PORT:DIRECTORY,... | --no-initial-controllers]
                   [--release-version 4.3] [--feature NAME=LEVEL] [--ignore-formatted]
               dotnet run -c Release --project runtime-real -- storage random-uuid

        With no options: a working broker on localhost:9092 with its data in a directory of yours.

          --config FILE         broker properties by Kafka's names, as in server.properties
          --data DIR            where the data is (also DETERMINISTIC_DATA, also log.dirs)
          --port N              listen on localhost:N (0: any free port)
          --nodes N             a cluster of N nodes in this process, on ports that follow one another
          --interactive         with --nodes: kill N, stop N, start N on standard input do so to one node
          --cluster-id ID       the cluster that a new directory belongs to (storage format writes it too)
          --set KEY=VALUE       one broker property; may be repeated (--override is the same)
          --KEY VALUE           the same for a name with a dot in it, and for listeners
          --verbose             log more
          --portable            use portable system calls only, as on macOS and Windows
          --version, --help

        Every property can also be given by the environment: DETERMINISTIC_NUM_PARTITIONS=3 is num.partitions=3.
        A flag wins over the environment, the environment over the file. OTEL_EXPORTER_OTLP_ENDPOINT sends metrics
        and logs to that collector.

        examples:
          dotnet run -c Release --project runtime-real
          dotnet run -c Release --project runtime-real -- --port 19092 --data /tmp/broker --set num.partitions=4
          dotnet run -c Release --project runtime-real -- --config server.properties --node.id 7
          dotnet run -c Release --project runtime-real -- --nodes 3 --data /tmp/cluster
          (echo kill 1; sleep 5; echo start 1; sleep 60) | dotnet run -c Release --project runtime-real -- --nodes 3 --interactive
          echo hello | kcat -b localhost:9092 -t greetings -P && kcat -b localhost:9092 -t greetings -C -e

        exit codes: 0 stopped as asked, 2 bad option or configuration, 3 cannot start (directory, port),
        4 stopped because something failed (the reason is on standard error).
        """;

    public static string Version =>
        typeof(Help).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0] ?? "0";
}
