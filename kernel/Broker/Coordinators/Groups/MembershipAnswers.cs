using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>The answers to JoinGroup and SyncGroup, made from the state of a group.</summary>
internal static class MembershipAnswers
{
    public static JoinGroupResponse JoinRefusal(string memberId, ErrorCode error) => new()
    {
        ErrorCode = (short)error,
        GenerationId = -1,
        ProtocolType = null,
        ProtocolName = null,
        MemberId = memberId,
    };

    /// <summary>
    /// The current generation as one member is told of it: only the leader learns who else is in it.
    /// </summary>
    public static JoinGroupResponse OfJoin(ClassicGroup group, ClassicGroupMember member)
    {
        var response = new JoinGroupResponse
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.ProtocolName,
            Leader = group.Roster.LeaderId ?? "",
            MemberId = member.MemberId,
        };
        if (group.Roster.IsLeader(member.MemberId))
        {
            foreach (var one in group.Roster.Members)
            {
                response.Members.Add(new JoinGroupResponse.JoinGroupResponseMember
                {
                    MemberId = one.MemberId,
                    GroupInstanceId = one.GroupInstanceId,
                    Metadata = one.MetadataFor(group.ProtocolName),
                });
            }
        }

        return response;
    }

    public static SyncGroupResponse OfSync(ClassicGroup group, ClassicGroupMember member, ErrorCode error) =>
        error == ErrorCode.None
            ? new SyncGroupResponse
            {
                ProtocolType = group.ProtocolType,
                ProtocolName = group.ProtocolName,
                Assignment = member.Assignment,
            }
            : new SyncGroupResponse { ErrorCode = (short)error };
}
