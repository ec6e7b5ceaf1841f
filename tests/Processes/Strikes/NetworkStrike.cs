namespace Deterministic.Tests.Processes.Strikes;

/// <summary>
/// A node is cut off: from everybody (isolate), from the other nodes but not from clients (cut-off), or only what it
/// sends to other nodes is lost (mute).
/// </summary>
internal sealed class NetworkStrike : Strike
{
    private readonly CutOffNetwork _network;
    private readonly string _name;

    private NetworkStrike(string name, CutOffNetwork network)
        : base(new ProcessCluster(Plans((plan, node) => plan with
        {
            Host = CutOffNetwork.Address(node),
            Below = CutOffNetwork.Below(node),
        })))
    {
        _network = network;
        _name = name;
    }

    public static NetworkStrike By(string name)
    {
        var network = new CutOffNetwork(ProcessCluster.Count);
        try
        {
            return new NetworkStrike(name, network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public override void Hit(int node)
    {
        switch (_name)
        {
            case "isolate":
                CutOffNetwork.Isolate(node);
                break;
            case "cut-off":
                _network.CutFromNodes(node);
                break;
            default:
                _network.Mute(node);
                break;
        }
    }

    public override void Heal(int node) => _network.Heal(node);

    public override void Dispose()
    {
        base.Dispose();
        _network.Dispose();
    }
}
