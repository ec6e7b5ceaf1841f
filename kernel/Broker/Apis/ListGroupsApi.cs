using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>ListGroups (16), versions 0 to 5: the groups this broker coordinates.</summary>
/// <remarks>A state or type that does not exist matches nothing. Knowingly absent: authorization.</remarks>
internal static class ListGroupsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new ListGroupsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var machines = broker.Groups.Active(out var isLoading);
        if (isLoading)
        {
            exchange.Answer(new ListGroupsResponse { ErrorCode = (short)ErrorCode.CoordinatorLoadInProgress });
            return;
        }

        var response = new ListGroupsResponse();
        var gathering = new Gathering(machines.Count, () => exchange.Answer(response));
        foreach (var machine in machines)
        {
            foreach (var (_, group) in machine.Groups)
            {
                var listed = GroupViews.Listed(group);
                if (machine.IsSeen(group.GroupId)
                    && GroupViews.Passes(request.StatesFilter, listed.GroupState)
                    && GroupViews.Passes(request.TypesFilter, listed.GroupType))
                {
                    response.Groups.Add(listed);
                }
            }

            machine.WhenCommitted(error =>
            {
                response.ErrorCode = error == ErrorCode.None ? response.ErrorCode : (short)error;
                gathering.OneIsHere();
            });
        }

        gathering.AllAreAsked();
    }
}
