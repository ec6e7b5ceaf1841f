namespace Deterministic.Broker.Requests;

/// <summary>Where a request came from and where its answer goes.</summary>
public interface IRequestOrigin
{
    /// <summary>The client's address, without its port.</summary>
    string Peer { get; }

    /// <summary>Index of the listener it came in by.</summary>
    int Listener { get; }

    /// <summary>Nobody waits for answers any more; giving one is allowed and does nothing.</summary>
    bool IsClosed { get; }

    /// <summary>Requests of this origin that wait for their answers.</summary>
    int Outstanding { get; }

    /// <summary>The software a client said it is, by ApiVersions v3 and later (KIP-511).</summary>
    string? ClientSoftware { get; set; }

    /// <summary>The exchange has its answer.</summary>
    void ExchangeAnswered(Exchange exchange);

    /// <summary>Ends everything with this origin, for the reason given.</summary>
    void CloseFor(string why);
}
