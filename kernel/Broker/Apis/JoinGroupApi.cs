using Deterministic.Broker.Coordinators.Groups;
using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>JoinGroup (11), versions 0 to 9: a member asks to be part of a classic group's next generation.</summary>
/// <remarks>
/// The answer waits until the join phase ends. Knowingly absent: a consumer group of the new protocol (KIP-848) that a
/// classic member joins, authorization.
/// </remarks>
internal static class JoinGroupApi
{
    /// <summary>First version in which no protocol is null; before, it is empty.</summary>
    private const short FirstWithNullProtocol = 7;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new JoinGroupRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var error = Check(broker.Groups.Config, request);
        if (error == ErrorCode.None)
        {
            error = broker.Groups.Find(request.GroupId, out var machine);
            if (error == ErrorCode.None)
            {
                machine.Join(GroupRequests.CallerOf(exchange), request, response => Answer(exchange, response));
                return;
            }
        }

        Answer(exchange, MembershipAnswers.JoinRefusal(request.MemberId, error));
    }

    private static ErrorCode Check(GroupConfig config, JoinGroupRequest request)
    {
        if (request.GroupId.Length == 0)
        {
            return ErrorCode.InvalidGroupId;
        }

        var isBetween = request.SessionTimeoutMs >= config.MinSessionTimeoutMs
            && request.SessionTimeoutMs <= config.MaxSessionTimeoutMs;
        return isBetween ? ErrorCode.None : ErrorCode.InvalidSessionTimeout;
    }

    private static void Answer(Exchange exchange, JoinGroupResponse response)
    {
        if (exchange.Version < FirstWithNullProtocol)
        {
            response.ProtocolName ??= "";
        }

        exchange.Answer(response);
    }
}
