using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace Deterministic.Tests.Processes.Tools;

/// <summary>
/// What an administrator does with Kafka's tools, in the order in which it is compared: quorum, features, topics,
/// configurations, records, reassignments, elections, a broker that dies.
/// </summary>
internal static class ToolScript
{
    public const string Kill = "kill";
    public const string Start = "start";

    private const string Quorum = "org.apache.kafka.tools.MetadataQuorumCommand";
    private const string Features = "org.apache.kafka.tools.FeatureCommand";
    private const string Topics = "org.apache.kafka.tools.TopicCommand";
    private const string Configs = "kafka.admin.ConfigCommand";
    private const string Cluster = "org.apache.kafka.tools.ClusterTool";
    private const string Election = "org.apache.kafka.tools.LeaderElectionCommand";
    private const string Reassign = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    private const string LogDirs = "org.apache.kafka.tools.LogDirsCommand";
    private const string Producer = "org.apache.kafka.tools.ConsoleProducer";
    private const string Offsets = "org.apache.kafka.tools.GetOffsetShell";
    private const string Groups = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private const string DeleteRecords = "org.apache.kafka.tools.DeleteRecordsCommand";

    private const string OurConfiguration = "durability.mode is a configuration of ours";

    private static readonly Regex Numbers = Free(@"\d+");

    public static IReadOnlyList<ToolAct> Acts { get; } =
        [.. OfQuorum(), .. OfFeatures(), .. OfTopics(), .. OfConfigs(), .. OfRecords(), .. OfReassignment(), .. OfDeath()];

    private static IEnumerable<ToolAct> OfQuorum()
    {
        var status = Free("(LeaderId|LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): .*");
        yield return Read(Quorum, "--bootstrap-server BROKERS describe --status") with { Free = status };
        yield return Read(Quorum, "--bootstrap-controller CONTROLLERS describe --status") with { Free = status };
        yield return Read(Quorum, "--bootstrap-server BROKERS describe --replication") with
        {
            Free = Free(@"\d+\s+\d+\s+\d{13}\s+\d{13}\s+(Leader|Follower)"),
            IsUnordered = true,
        };
        yield return Do(Quorum, "--bootstrap-controller CONTROLLERS remove-controller --controller-id 3"
            + " --controller-directory-id AAAAAAAAAAAAAAAAAAAAAw");
        yield return Read(Cluster, "cluster-id --bootstrap-server BROKERS");
        yield return Read(Cluster, "list-endpoints --bootstrap-server BROKERS");
        yield return Read(Cluster, "list-endpoints --bootstrap-controller CONTROLLERS");
        yield return Do(Cluster, "unregister --bootstrap-server BROKERS --id 9");
    }

    private static IEnumerable<ToolAct> OfFeatures()
    {
        var epoch = Free(@"Epoch: \d+");
        var leader = Free(@"(?<=Local controller )\d");
        yield return Read(Features, "--bootstrap-server BROKERS describe") with { Free = epoch };
        yield return Read(Features, "--bootstrap-controller CONTROLLERS describe") with { Free = epoch };
        yield return Do(Features, "--bootstrap-server BROKERS upgrade --release-version 4.3");
        yield return Do(Features, "--bootstrap-server BROKERS downgrade --metadata 3.0-IV1");
        yield return Do(Features, "--bootstrap-server BROKERS upgrade --feature metadata.version=999") with { Free = leader };
        yield return Do(Features, "--bootstrap-server BROKERS upgrade --feature no.such.feature=1") with { Free = leader };
        yield return Do(Features, "--bootstrap-server BROKERS downgrade --feature share.version=0");
        yield return Read(Features, "--bootstrap-server BROKERS describe") with { Free = epoch };
    }

    private static IEnumerable<ToolAct> OfTopics()
    {
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic orders --replica-assignment 1:2:3,2:3:1,3:1:2"
            + " --config min.insync.replicas=2");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic few --replica-assignment 1:2");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic orders");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic many --replication-factor 4 --partitions 2");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic bad/name");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic wrong --replica-assignment 1:9");
        yield return Do(Topics, "--bootstrap-server BROKERS --create --topic wrong --config retention.ms=soon");
        yield return Read(Topics, "--bootstrap-server BROKERS --list");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders");
        yield return Do(Topics, "--bootstrap-server BROKERS --alter --topic orders --partitions 4 --replica-assignment"
            + " 1:2:3,2:3:1,3:1:2,1:3:2");
        yield return Do(Topics, "--bootstrap-server BROKERS --alter --topic orders --partitions 2");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topics-with-overrides");
        yield return Do(Topics, "--bootstrap-server BROKERS --delete --topic few");
        yield return Do(Topics, "--bootstrap-server BROKERS --delete --topic none");
        yield return Read(Topics, "--bootstrap-server BROKERS --list");
        yield return Read(LogDirs, "--bootstrap-server BROKERS --describe --topic-list orders") with
        {
            Free = Free("\"(size|offsetLag|totalBytes|usableBytes)\":-?\\d+|\"logDir\":\"[^\"]*\""),
        };
    }

    private static IEnumerable<ToolAct> OfConfigs()
    {
        const string alter = "--bootstrap-server BROKERS --alter ";
        const string describe = "--bootstrap-server BROKERS --describe ";
        yield return Do(Configs, alter + "--entity-type topics --entity-name orders --add-config retention.ms=100000000");
        yield return Do(Configs, alter + "--entity-type topics --entity-name orders --add-config"
            + " cleanup.policy=[compact,delete]");
        yield return Read(Configs, describe + "--entity-type topics --entity-name orders");
        yield return Do(Configs, alter + "--entity-type topics --entity-name orders --delete-config retention.ms");
        yield return Do(Configs, alter + "--entity-type topics --entity-name orders --add-config retention.ms=soon");
        yield return Do(Configs, alter + "--entity-type topics --entity-name orders --add-config no.such=1");
        yield return Do(Configs, alter + "--entity-type topics --entity-name none --add-config retention.ms=1000");
        yield return Read(Configs, describe + "--entity-type topics --entity-name orders --all") with
        {
            Accepted = OurConfiguration,
        };
        yield return Do(Configs, alter + "--entity-type brokers --entity-name 2 --add-config log.cleaner.threads=2");
        yield return Do(Configs, alter + "--entity-type brokers --entity-default --add-config message.max.bytes=2000000");
        yield return Do(Configs, alter + "--entity-type brokers --entity-name 2 --add-config broker.id=7");
        yield return Read(Configs, describe + "--entity-type brokers --entity-name 2");
        yield return Read(Configs, describe + "--entity-type brokers --entity-name 1");
        yield return Read(Configs, describe + "--entity-type brokers --entity-default");
        yield return Do(Configs, alter + "--entity-type brokers --entity-default --delete-config message.max.bytes");
        yield return Do(Configs, alter + "--entity-type groups --entity-name g --add-config consumer.session.timeout.ms=50000");
        yield return Read(Configs, describe + "--entity-type groups --entity-name g");
    }

    private static IEnumerable<ToolAct> OfRecords()
    {
        yield return Do(Producer, "--bootstrap-server BROKERS --topic orders --command-property acks=all") with
        {
            Stdin = "one\ntwo\nthree\nfour\n",
            Free = Free(@"(?<=topic partition orders-)\d"),
        };
        yield return Read(Offsets, "--bootstrap-server BROKERS --topic orders") with { Free = Free(@"(?<=orders:\d:)\d+") };
        yield return Do(Groups, "--bootstrap-server BROKERS --group g --reset-offsets --to-earliest --topic orders"
            + " --execute") with
        {
            IsUnordered = true,
        };
        yield return Read(Groups, "--bootstrap-server BROKERS --group g --describe") with { Free = Numbers, IsUnordered = true };
        yield return Read(Groups, "--bootstrap-server BROKERS --list");
        yield return Read(Groups, "--bootstrap-server BROKERS --group g --describe --state") with { Free = Numbers };
        yield return Do(Groups, "--bootstrap-server BROKERS --group g --delete");
        yield return Do(DeleteRecords, "--bootstrap-server BROKERS --offset-json-file FILE") with
        {
            // A partition that there is not would keep the tool, and the comparison, waiting for a minute.
            Input = """{"partitions":[{"topic":"orders","partition":0,"offset":-1},"""
                + """{"topic":"orders","partition":1,"offset":0}]}""",
            Free = Numbers,
        };
    }

    private static IEnumerable<ToolAct> OfReassignment()
    {
        const string execute = "--bootstrap-server BROKERS --execute --reassignment-json-file FILE";
        const string verify = "--bootstrap-server BROKERS --verify --reassignment-json-file FILE";
        const string turned =
            """{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[3,2,1]}]}""";
        const string fewer =
            """{"version":1,"partitions":[{"topic":"orders","partition":1,"replicas":[2,3]}]}""";
        const string wrong =
            """{"version":1,"partitions":[{"topic":"orders","partition":1,"replicas":[2,9]}]}""";
        const string none =
            """{"version":1,"partitions":[{"topic":"none","partition":0,"replicas":[1]}]}""";
        yield return Read(Reassign, "--bootstrap-server BROKERS --list");
        yield return Do(Reassign, execute) with { Input = turned };
        yield return Read(Reassign, verify) with { Input = turned };
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders");
        yield return Do(Election, "--bootstrap-server BROKERS --election-type preferred --topic orders --partition 0");
        yield return Do(Election, "--bootstrap-server BROKERS --election-type preferred --topic orders --partition 0");
        yield return Do(Election, "--bootstrap-server BROKERS --election-type unclean --topic orders --partition 1");
        yield return Do(Election, "--bootstrap-server BROKERS --election-type preferred --topic none --partition 0");
        yield return Do(Election, "--bootstrap-server BROKERS --election-type preferred --all-topic-partitions");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders");
        yield return Do(Reassign, execute + " --throttle 10000000") with { Input = fewer };
        yield return Read(Reassign, verify) with { Input = fewer };
        yield return Do(Reassign, execute) with { Input = wrong };
        yield return Do(Reassign, execute) with { Input = none };
        yield return Do(Reassign, "--bootstrap-server BROKERS --cancel --reassignment-json-file FILE") with { Input = fewer };
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders");
    }

    private static IEnumerable<ToolAct> OfDeath()
    {
        yield return Do(Kill, "3");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders --under-replicated-partitions");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --at-min-isr-partitions");
        yield return Read(Cluster, "list-endpoints --bootstrap-server BROKERS --include-fenced-brokers");
        yield return Do(Start, "3");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders --under-replicated-partitions");
        yield return Read(Topics, "--bootstrap-server BROKERS --describe --topic orders") with
        {
            Free = Free(@"Isr: [\d,]+"),
        };
        yield return Do(Topics, "--bootstrap-server BROKERS --delete --topic orders");
        yield return Read(Topics, "--bootstrap-server BROKERS --list");
    }

    private static ToolAct Do(string tool, string arguments) => new(tool, arguments.Split(' '));

    private static ToolAct Read(string tool, string arguments) => Do(tool, arguments) with { IsReading = true };

    private static Regex Free(string pattern) => new(pattern, RegexOptions.CultureInvariant);
}
