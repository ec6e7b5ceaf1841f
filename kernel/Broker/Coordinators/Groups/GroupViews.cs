using System;
using System.Collections.Generic;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>Groups as ListGroups and DescribeGroups show them.</summary>
public static class GroupViews
{
    /// <summary>The only type of group served so far; its name in filters and answers.</summary>
    public const string ClassicType = "classic";

    /// <summary>First version that says GROUP_ID_NOT_FOUND; before, an unknown group is one that is Dead.</summary>
    private const short FirstWithGroupIdNotFound = 6;

    public static ListGroupsResponse.ListedGroup Listed(ClassicGroup group) => new()
    {
        GroupId = group.GroupId,
        ProtocolType = group.ProtocolType ?? "",
        GroupState = NameOf(group.State),
        GroupType = ClassicType,
    };

    /// <summary>True where a filter names the value, whatever its case, or names nothing.</summary>
    public static bool Passes(List<string> filter, string value)
    {
        foreach (var wanted in filter)
        {
            if (string.Equals(wanted, value, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return filter.Count == 0;
    }

    public static DescribeGroupsResponse.DescribedGroup Described(ClassicGroup group)
    {
        var isStable = group.State == ClassicGroupState.Stable;
        var described = new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = group.GroupId,
            GroupState = NameOf(group.State),
            ProtocolType = group.ProtocolType ?? "",
            ProtocolData = isStable ? group.ProtocolName ?? "" : "",
        };
        foreach (var member in group.Roster.Members)
        {
            described.Members.Add(new DescribeGroupsResponse.DescribedGroupMember
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = isStable ? member.MetadataFor(group.ProtocolName) : default,
                MemberAssignment = member.Assignment,
            });
        }

        return described;
    }

    public static DescribeGroupsResponse.DescribedGroup Unknown(string groupId, short version) => new()
    {
        GroupId = groupId,
        GroupState = NameOf(ClassicGroupState.Dead),
        ErrorCode = (short)(version >= FirstWithGroupIdNotFound ? ErrorCode.GroupIdNotFound : ErrorCode.None),
        ErrorMessage = version >= FirstWithGroupIdNotFound ? $"Group {groupId} not found." : null,
    };

    public static string NameOf(ClassicGroupState state) => state switch
    {
        ClassicGroupState.Empty => "Empty",
        ClassicGroupState.PreparingRebalance => "PreparingRebalance",
        ClassicGroupState.CompletingRebalance => "CompletingRebalance",
        ClassicGroupState.Stable => "Stable",
        ClassicGroupState.Dead => "Dead",
    };
}
