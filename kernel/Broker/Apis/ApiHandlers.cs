using Deterministic.Broker.Controller;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;

namespace Deterministic.Broker.Apis;

/// <summary>
/// The one switch from a request to its handler, and therefore the list of what is served: ApiVersions advertises
/// exactly
/// the keys for which <see cref="Find"/> knows a handler.
/// </summary>
internal static class ApiHandlers
{
    /// <summary>Answers one request, now or later.</summary>
    public delegate void Handler(Broker broker, Exchange exchange);

    /// <summary>Null where the API is not served on listeners of this kind.</summary>
    public static Handler? Find(ApiKey key, bool isController)
    {
        if (!(isController ? ApiTable.IsOnController(key) : ApiTable.IsOnBroker(key)))
        {
            return null;
        }

        return isController && key == ApiKey.Fetch ? QuorumApis.Fetch : Find(key);
    }

    private static Handler? Find(ApiKey key) => key switch
    {
        ApiKey.Produce => ProduceApi.Handle,
        ApiKey.Fetch => FetchApi.Handle,
        ApiKey.ListOffsets => ListOffsetsApi.Handle,
        ApiKey.Metadata => MetadataApi.Handle,
        ApiKey.ApiVersions => ApiVersionsApi.Handle,
        ApiKey.CreateTopics => CreateTopicsApi.Handle,
        ApiKey.DeleteTopics => DeleteTopicsApi.Handle,
        ApiKey.DeleteRecords => DeleteRecordsApi.Handle,
        ApiKey.InitProducerId => InitProducerIdApi.Handle,
        ApiKey.OffsetForLeaderEpoch => OffsetForLeaderEpochApi.Handle,
        ApiKey.DescribeConfigs => DescribeConfigsApi.Handle,
        ApiKey.AlterConfigs => AlterConfigsApi.Handle,
        ApiKey.DescribeLogDirs => DescribeLogDirsApi.Handle,
        ApiKey.CreatePartitions => CreatePartitionsApi.Handle,
        ApiKey.IncrementalAlterConfigs => IncrementalAlterConfigsApi.Handle,
        ApiKey.DescribeCluster => DescribeClusterApi.Handle,
        ApiKey.DescribeTopicPartitions => DescribeTopicPartitionsApi.Handle,
        ApiKey.OffsetCommit => OffsetCommitApi.Handle,
        ApiKey.OffsetFetch => OffsetFetchApi.Handle,
        ApiKey.FindCoordinator => FindCoordinatorApi.Handle,
        ApiKey.JoinGroup => JoinGroupApi.Handle,
        ApiKey.Heartbeat => HeartbeatApi.Handle,
        ApiKey.LeaveGroup => LeaveGroupApi.Handle,
        ApiKey.SyncGroup => SyncGroupApi.Handle,
        ApiKey.DescribeGroups => DescribeGroupsApi.Handle,
        ApiKey.ListGroups => ListGroupsApi.Handle,
        ApiKey.DeleteGroups => DeleteGroupsApi.Handle,
        ApiKey.OffsetDelete => OffsetDeleteApi.Handle,
        ApiKey.ElectLeaders => ElectLeadersApi.Handle,
        ApiKey.AlterPartitionReassignments => AlterPartitionReassignmentsApi.Handle,
        ApiKey.ListPartitionReassignments => ListPartitionReassignmentsApi.Handle,
        ApiKey.UpdateFeatures => UpdateFeaturesApi.Handle,
        ApiKey.UnregisterBroker => UnregisterBrokerApi.Handle,
        ApiKey.Vote => QuorumApis.Vote,
        ApiKey.BeginQuorumEpoch => QuorumApis.BeginQuorumEpoch,
        ApiKey.EndQuorumEpoch => QuorumApis.EndQuorumEpoch,
        ApiKey.FetchSnapshot => QuorumApis.FetchSnapshot,
        ApiKey.AddRaftVoter => QuorumApis.AddVoter,
        ApiKey.RemoveRaftVoter => QuorumApis.RemoveVoter,
        ApiKey.UpdateRaftVoter => QuorumApis.UpdateVoter,
        ApiKey.DescribeQuorum => QuorumApis.Describe,
        ApiKey.Envelope => EnvelopeApi.Handle,
        _ when ControllerRequests.Knows(key) => ControllerApis.Handle,
        _ => null,
    };
}
