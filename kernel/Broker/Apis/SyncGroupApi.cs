using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// SyncGroup (14), versions 0 to 5: the leader brings the assignment, everybody fetches their part of it.
/// </summary>
/// <remarks>Knowingly absent: authorization.</remarks>
internal static class SyncGroupApi
{
    /// <summary>First version that must say what protocol it speaks of (KIP-559).</summary>
    private const short FirstWithProtocol = 5;

    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new SyncGroupRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var error = Check(exchange.Version, request);
        if (error == ErrorCode.None)
        {
            error = broker.Groups.Find(request.GroupId, out var machine);
            if (error == ErrorCode.None)
            {
                machine.Sync(request, exchange.Answer);
                return;
            }
        }

        exchange.Answer(new SyncGroupResponse { ErrorCode = (short)error });
    }

    private static ErrorCode Check(short version, SyncGroupRequest request)
    {
        if (version >= FirstWithProtocol && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;
    }
}
