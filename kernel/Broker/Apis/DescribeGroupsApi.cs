using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>DescribeGroups (15), versions 0 to 6: state, members and assignments of classic groups.</summary>
/// <remarks>
/// A group that does not exist is "Dead" without an error up to version 5 and GROUP_ID_NOT_FOUND from 6 (KIP-1043).
/// Knowingly absent: authorization.
/// </remarks>
internal static class DescribeGroupsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DescribeGroupsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var response = new DescribeGroupsResponse();
        var gathering = new Gathering(request.Groups.Count, () => exchange.Answer(response));
        foreach (var groupId in request.Groups)
        {
            var error = broker.Groups.Find(groupId, out var machine);
            if (error != ErrorCode.None)
            {
                response.Groups.Add(Failed(groupId, error));
                gathering.OneIsHere();
                continue;
            }

            var described = machine.Find(groupId) is { } group && machine.IsSeen(groupId)
                ? GroupViews.Described(group)
                : GroupViews.Unknown(groupId, exchange.Version);
            if (request.IncludeAuthorizedOperations && described.ErrorCode == 0)
            {
                described.AuthorizedOperations = GroupRequests.AllGroupOperations;
            }

            var index = response.Groups.Count;
            response.Groups.Add(described);
            machine.WhenCommitted(failure =>
            {
                response.Groups[index] = failure == ErrorCode.None ? described : Failed(groupId, failure);
                gathering.OneIsHere();
            });
        }

        gathering.AllAreAsked();
    }

    private static DescribeGroupsResponse.DescribedGroup Failed(string groupId, ErrorCode error) => new()
    {
        GroupId = groupId,
        ErrorCode = (short)error,
    };
}
