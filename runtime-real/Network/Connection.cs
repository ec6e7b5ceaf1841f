using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Real.Network;

/// <summary>One client's connection: bytes that came and are not yet frames, answers that have not left.</summary>
internal sealed class Connection
{
    public Connection(ConnectionId id, int listener, IByteSocket socket, OutputQueue output)
    {
        Id = id;
        Listener = listener;
        Socket = socket;
        Output = output;
    }

    public ConnectionId Id { get; }

    public int Listener { get; }

    public IByteSocket Socket { get; }

    public OutputQueue Output { get; }

    /// <summary>
    /// Holds [<see cref="Start"/>, <see cref="End"/>); null where nothing is waiting to become a frame.
    /// </summary>
    public ReceiveBuffer? Buffer { get; set; }

    public int Start { get; set; }

    public int End { get; set; }

    /// <summary>
    /// The longest frame it has sent whole: so much is believed of its next one before it has arrived.
    /// </summary>
    public int LongestFrame { get; set; }

    /// <summary>How much it fills at one go; doubles while it fills everything offered.</summary>
    public int Appetite { get; set; } = ReceiveBuffers.SmallestBytes;

    /// <summary>The kernel wants no frame of it until Resume.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Nothing is read from it any more; it closes when its output has left.</summary>
    public bool IsClosing { get; set; }

    /// <summary>The reader thread fetches from disk what it sends next.</summary>
    public bool IsWarming { get; set; }

    /// <summary>There is no receive memory for it now.</summary>
    public bool IsStarved { get; set; }

    public bool IsGone { get; set; }

    /// <summary>Already in the list of those the current round has to look at again.</summary>
    public bool IsTouched { get; set; }

    public bool HasOutput { get; set; }

    /// <summary>What the poller has been told.</summary>
    public bool WatchesRead { get; set; }

    public bool WatchesWrite { get; set; }

    public long LastActiveMicroseconds { get; set; }
}
