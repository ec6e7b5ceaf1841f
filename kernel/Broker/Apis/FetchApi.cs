using Deterministic.Broker.Requests;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// Fetch (1), versions 4 to 18: answers with slices of log files, at once or when <c>min_bytes</c> have come.
/// </summary>
/// <remarks>
/// Records never pass through the kernel's memory: an answer names ranges of files. A range begins at the batch
/// that holds
/// the fetch offset, may end inside a batch where the byte limit says so, and never passes the high watermark.
/// Knowingly
/// absent: quotas, authorization, aborted transactions.
/// </remarks>
internal static class FetchApi
{
    public static void Handle(Broker broker, Exchange exchange)
    {
        var request = new FetchRequest();
        if (!exchange.TryRead(request))
        {
            return;
        }

        var context = FetchContext.Of(broker, request, exchange.Version);
        if (context.Error != ErrorCode.None)
        {
            exchange.Answer(new FetchResponse { ErrorCode = (short)context.Error });
            return;
        }

        new FetchWaiter(broker, exchange, request, context).Begin();
    }
}
