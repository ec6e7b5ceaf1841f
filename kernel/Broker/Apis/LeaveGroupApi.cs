using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// LeaveGroup (13), versions 0 to 5: members leave, or are removed by an operator (from 3, several at once).
/// </summary>
/// <remarks>Knowingly absent: authorization.</remarks>
internal static class LeaveGroupApi
{
    /// <summary>First version that names several members and answers each.</summary>
    private const short FirstWithMembers = 3;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new LeaveGroupRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        if (exchange.Version < FirstWithMembers)
        {
            request.Members.Clear();
            request.Members.Add(new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId });
        }

        var error = request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;
        if (error == ErrorCode.None)
        {
            error = broker.Groups.Find(request.GroupId, out var machine);
            if (error == ErrorCode.None)
            {
                machine.Leave(request, response => Answer(exchange, response));
                return;
            }
        }

        Answer(exchange, new LeaveGroupResponse { ErrorCode = (short)error });
    }

    private static void Answer(Exchange exchange, LeaveGroupResponse response)
    {
        if (exchange.Version < FirstWithMembers && response.ErrorCode == 0)
        {
            response.ErrorCode = response.Members[0].ErrorCode;
        }

        exchange.Answer(response);
    }
}
