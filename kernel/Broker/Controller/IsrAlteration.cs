using System;
using System.Collections.Generic;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Controller;

/// <summary>Decides AlterPartition: the leader of a partition says who is in sync (KIP-497, KIP-841, KIP-903).</summary>
/// <remarks>
/// The order of the checks is the point. A request from the future tells this node that it is not the controller any more,
/// and must never be refused as wrong: the leader would believe it. One that asks for what is already so is answered as
/// done, since it repeats a request whose answer was lost. Only then is it compared with what it was based on. No replica
/// comes in that the controller holds for dead, about to stop, or in another life than the leader saw: it would be in the
/// ISR without the records.
/// </remarks>
internal sealed class IsrAlteration
{
    private readonly ControllerView _view;
    private readonly List<(TopicImage Topic, AlterPartitionResponse.PartitionData Answer)> _changed = [];

    public IsrAlteration(ControllerView view)
    {
        _view = view;
    }

    /// <summary>After the commit, <see cref="Complete"/> makes the answer tell what the image shows then.</summary>
    public AlterPartitionResponse Decide(AlterPartitionRequest request, List<MetadataRecord> records)
    {
        var response = new AlterPartitionResponse();
        if (_view.Image.Cluster.Find(request.BrokerId)?.Epoch != request.BrokerEpoch)
        {
            response.ErrorCode = (short)ErrorCode.StaleBrokerEpoch;
            return response;
        }

        foreach (var asked in request.Topics)
        {
            var topic = _view.Image.Topics.Find(asked.TopicId);
            var answered = new AlterPartitionResponse.TopicData { TopicId = asked.TopicId };
            response.Topics.Add(answered);
            var decided = new HashSet<int>();
            foreach (var partition in asked.Partitions)
            {
                var error = topic is null ? ErrorCode.UnknownTopicId
                    : (uint)partition.PartitionIndex >= (uint)topic.Partitions.Count ? ErrorCode.UnknownTopicOrPartition
                    : !decided.Add(partition.PartitionIndex) ? ErrorCode.InvalidRequest
                    : ErrorCode.None;
                answered.Partitions.Add(error == ErrorCode.None
                    ? Decide(request.BrokerId, topic!, partition, records)
                    : Refused(partition, error));
            }
        }

        return response;
    }

    /// <summary>The records are committed: the answer shows the partitions as they are now.</summary>
    public void Complete()
    {
        foreach (var (topic, answer) in _changed)
        {
            Show(topic.Partitions[answer.PartitionIndex], answer);
        }
    }

    private AlterPartitionResponse.PartitionData Decide(
        int leader, TopicImage topic, AlterPartitionRequest.PartitionData asked, List<MetadataRecord> records)
    {
        var partition = topic.Partitions[asked.PartitionIndex];
        var isr = IsrOf(asked);
        var answer = new AlterPartitionResponse.PartitionData { PartitionIndex = asked.PartitionIndex };
        if (IsRepeated(leader, partition, asked, isr))
        {
            Show(partition, answer);
            return answer;
        }

        var error = Check(leader, partition, asked, isr);
        if (error == ErrorCode.IneligibleReplica)
        {
            // The same request, delivered again late, must not succeed once the replica is eligible: the leader has given
            // it up by then and commits without that replica. An empty change outdates it.
            records.Add(MetadataRecord.Of(new PartitionChangeRecord
            {
                PartitionId = asked.PartitionIndex,
                TopicId = topic.Id,
            }));
        }

        if (error != ErrorCode.None)
        {
            return Refused(asked, error);
        }

        var policy = PartitionPolicy.Of(_view, topic.Name);
        var change = new PartitionChange(topic, asked.PartitionIndex, policy, new ActiveBrokers(_view.Image.Cluster))
        {
            RecoveryState = asked.LeaderRecoveryState,
        };
        change.SetIsr(isr);
        if (change.Build() is { } record)
        {
            records.Add(record);

            // The end of a reassignment may have moved the leadership away from who asked.
            var named = ((PartitionChangeRecord)record.Message).Leader;
            if (named != PartitionRegistration.LeaderUnchanged && named != leader)
            {
                return Refused(asked, ErrorCode.NewLeaderElected);
            }
        }

        _changed.Add((topic, answer));
        Show(partition, answer);
        return answer;
    }

    private static bool IsRepeated(
        int leader, PartitionRegistration partition, AlterPartitionRequest.PartitionData asked, List<int> isr) =>
        partition.Leader == leader
        && partition.LeaderEpoch.Value == asked.LeaderEpoch
        && asked.PartitionEpoch < partition.PartitionEpoch
        && partition.LeaderRecoveryState == asked.LeaderRecoveryState
        && IsSameSet(partition.Isr, isr);

    private ErrorCode Check(
        int leader, PartitionRegistration partition, AlterPartitionRequest.PartitionData asked, List<int> isr)
    {
        if (asked.LeaderEpoch > partition.LeaderEpoch.Value || asked.PartitionEpoch > partition.PartitionEpoch)
        {
            return ErrorCode.NotController;
        }

        if (asked.LeaderEpoch < partition.LeaderEpoch.Value)
        {
            return ErrorCode.FencedLeaderEpoch;
        }

        if (partition.Leader != leader)
        {
            return ErrorCode.InvalidRequest;
        }

        if (asked.PartitionEpoch < partition.PartitionEpoch)
        {
            return ErrorCode.InvalidUpdateVersion;
        }

        var isRecovering = asked.LeaderRecoveryState == 1;
        if (!IsSetOfReplicas(partition, isr)
            || !isr.Contains(leader)
            || (isRecovering && (isr.Count > 1 || partition.LeaderRecoveryState == 0))
            || asked.LeaderRecoveryState is < 0 or > 1)
        {
            return ErrorCode.InvalidRequest;
        }

        return IsAnyIneligible(asked, isr) ? ErrorCode.IneligibleReplica : ErrorCode.None;
    }

    /// <summary>An epoch of -1 is a leader's that does not know it yet.</summary>
    private bool IsAnyIneligible(AlterPartitionRequest.PartitionData asked, List<int> isr)
    {
        var active = new ActiveBrokers(_view.Image.Cluster);
        foreach (var replica in isr)
        {
            if (!active.Contains(replica))
            {
                return true;
            }
        }

        foreach (var replica in asked.NewIsrWithEpochs)
        {
            if (replica.BrokerEpoch != -1 && _view.Image.Cluster.Find(replica.BrokerId)!.Epoch != replica.BrokerEpoch)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSetOfReplicas(PartitionRegistration partition, List<int> isr)
    {
        for (var i = 0; i < isr.Count; i++)
        {
            if (!partition.HasReplica(new BrokerId(isr[i])) || isr.IndexOf(isr[i]) != i)
            {
                return false;
            }
        }

        return isr.Count > 0;
    }

    private static bool IsSameSet(int[] now, List<int> asked) =>
        now.Length == asked.Count && Array.TrueForAll(now, asked.Contains);

    /// <summary>Version 2 has plain ids, version 3 ids with epochs.</summary>
    private static List<int> IsrOf(AlterPartitionRequest.PartitionData asked)
    {
        if (asked.NewIsrWithEpochs.Count == 0)
        {
            return asked.NewIsr;
        }

        var isr = new List<int>(asked.NewIsrWithEpochs.Count);
        foreach (var member in asked.NewIsrWithEpochs)
        {
            isr.Add(member.BrokerId);
        }

        return isr;
    }

    private static void Show(PartitionRegistration partition, AlterPartitionResponse.PartitionData answer)
    {
        answer.LeaderId = partition.Leader;
        answer.LeaderEpoch = partition.LeaderEpoch.Value;
        answer.Isr = new List<int>(partition.Isr);
        answer.LeaderRecoveryState = partition.LeaderRecoveryState;
        answer.PartitionEpoch = partition.PartitionEpoch;
    }

    private static AlterPartitionResponse.PartitionData Refused(
        AlterPartitionRequest.PartitionData asked, ErrorCode error) =>
        new() { PartitionIndex = asked.PartitionIndex, ErrorCode = (short)error };
}
