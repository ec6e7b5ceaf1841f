using Deterministic.Broker.Requests;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Apis;

/// <summary>
/// What members of the metadata quorum ask each other: Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54), Fetch (1) of the
/// metadata log, FetchSnapshot (59), UpdateRaftVoter (82); and DescribeQuorum (55), AddRaftVoter (80), RemoveRaftVoter (81) of
/// tools, and of controllers that join by themselves. The quorum's own room answers.
/// </summary>
internal static class QuorumApis
{
    public static void Vote(Broker broker, Exchange exchange)
    {
        var request = new VoteRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.Vote(request, exchange.Answer);
        }
    }

    public static void BeginQuorumEpoch(Broker broker, Exchange exchange)
    {
        var request = new BeginQuorumEpochRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.BeginQuorumEpoch(request, exchange.Answer);
        }
    }

    public static void EndQuorumEpoch(Broker broker, Exchange exchange)
    {
        var request = new EndQuorumEpochRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.EndQuorumEpoch(request, exchange.Answer);
        }
    }

    public static void Fetch(Broker broker, Exchange exchange)
    {
        var request = new FetchRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.Fetch(request, exchange.Answer);
        }
    }

    public static void FetchSnapshot(Broker broker, Exchange exchange)
    {
        var request = new FetchSnapshotRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.FetchSnapshot(request, exchange.Answer);
        }
    }

    public static void AddVoter(Broker broker, Exchange exchange)
    {
        var request = new AddRaftVoterRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.AddVoter(request, exchange.Answer);
        }
    }

    public static void RemoveVoter(Broker broker, Exchange exchange)
    {
        var request = new RemoveRaftVoterRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.RemoveVoter(request, exchange.Answer);
        }
    }

    public static void UpdateVoter(Broker broker, Exchange exchange)
    {
        var request = new UpdateRaftVoterRequest();
        if (exchange.TryRead(request))
        {
            broker.Quorum.Requests.UpdateVoter(request, exchange.Answer);
        }
    }

    public static void Describe(Broker broker, Exchange exchange)
    {
        var request = new DescribeQuorumRequest();
        if (exchange.TryRead(request))
        {
            exchange.Answer(broker.Quorum.Describe(request));
        }
    }
}
