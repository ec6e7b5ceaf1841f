using System;
using System.Collections.Generic;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>DeleteGroups (42), versions 0 to 2: removes groups without members, and their offsets.</summary>
/// <remarks>A group named twice is answered once. Knowingly absent: authorization.</remarks>
internal static class DeleteGroupsApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new DeleteGroupsRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var names = Distinct(request.GroupsNames);
        var response = new DeleteGroupsResponse();
        var gathering = new Gathering(names.Count, () => exchange.Answer(response));
        foreach (var groupId in names)
        {
            var result = new DeleteGroupsResponse.DeletableGroupResult { GroupId = groupId };
            response.Results.Add(result);
            var error = broker.Groups.Find(groupId, out var machine);
            if (error == ErrorCode.None)
            {
                machine.Delete(groupId, outcome =>
                {
                    result.ErrorCode = (short)outcome;
                    gathering.OneIsHere();
                });
            }
            else
            {
                result.ErrorCode = (short)error;
                gathering.OneIsHere();
            }
        }

        gathering.AllAreAsked();
    }

    private static List<string> Distinct(List<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var distinct = new List<string>();
        foreach (var name in names)
        {
            if (seen.Add(name))
            {
                distinct.Add(name);
            }
        }

        return distinct;
    }
}
