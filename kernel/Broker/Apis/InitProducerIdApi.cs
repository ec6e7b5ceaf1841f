using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>InitProducerId (22), versions 0 to 6: an id for an idempotent producer.</summary>
/// <remarks>
/// Without a transactional id the request's own id and epoch do not matter: a new id is given, as Kafka does.
/// Knowingly
/// absent: transactions. A transactional id is checked as Kafka checks it and then answered
/// COORDINATOR_NOT_AVAILABLE, as
/// FindCoordinator answers for it: no node of this release coordinates one.
/// </remarks>
internal static class InitProducerIdApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new InitProducerIdRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var error = Check(broker, request);
        if (error != ErrorCode.None)
        {
            exchange.Answer(Refused(error));
            return;
        }

        broker.ProducerIds.Take(id => exchange.Answer(id < 0
            ? Refused(ErrorCode.CoordinatorLoadInProgress)
            : new InitProducerIdResponse { ProducerId = id, ProducerEpoch = 0 }));
    }

    private static ErrorCode Check(Broker broker, InitProducerIdRequest request)
    {
        var hasId = request.ProducerId != -1;
        var hasEpoch = request.ProducerEpoch != -1;
        if (hasId != hasEpoch)
        {
            return ErrorCode.InvalidRequest;
        }

        if (request.TransactionalId is not { } transactionalId)
        {
            return ErrorCode.None;
        }

        if (transactionalId.Length == 0)
        {
            return ErrorCode.InvalidRequest;
        }

        var isTimeoutAllowed = request.TransactionTimeoutMs > 0
            && request.TransactionTimeoutMs <= broker.Configs.BrokerLong("transaction.max.timeout.ms");
        return isTimeoutAllowed ? ErrorCode.CoordinatorNotAvailable : ErrorCode.InvalidTransactionTimeout;
    }

    private static InitProducerIdResponse Refused(ErrorCode error) =>
        new() { ErrorCode = (short)error, ProducerId = -1, ProducerEpoch = -1 };
}
