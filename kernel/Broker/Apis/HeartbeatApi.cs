using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>Heartbeat (12), versions 0 to 4: a member of a classic group is alive.</summary>
/// <remarks>
/// While the group is being loaded it alone answers no error: sessions begin when loading ends, so nothing is lost
/// by it.
/// Knowingly absent: authorization.
/// </remarks>
internal static class HeartbeatApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new HeartbeatRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        exchange.Answer(new HeartbeatResponse { ErrorCode = (short)Check(broker, request) });
    }

    private static ErrorCode Check(Broker broker, HeartbeatRequest request)
    {
        if (request.GroupId.Length == 0)
        {
            return ErrorCode.InvalidGroupId;
        }

        var error = broker.Groups.Find(request.GroupId, out var machine);
        return error switch
        {
            ErrorCode.None => machine.Heartbeat(request),
            ErrorCode.CoordinatorLoadInProgress => ErrorCode.None,
            _ => error,
        };
    }
}
