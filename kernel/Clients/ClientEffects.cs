using System;
using System.Collections.Generic;
using Deterministic.Primitives;

namespace Deterministic.Clients;

/// <summary>Every kind of thing a client machine can ask of the world.</summary>
public enum ClientEffectKind : byte
{
    Dial,
    Send,
    Close,
    Wake,
}

/// <summary>
/// Open a connection to this address and call it <see cref="Connection"/>. Answered by Connected, or by Closed.
/// </summary>
public readonly record struct Dial(ConnectionId Connection, string Host, int Port);

/// <summary>Send one frame, length prefix included. The bytes are given to the runtime for good.</summary>
public readonly record struct SendFrame(ConnectionId Connection, byte[] Bytes)
{
    public override string ToString() => FormattableString.Invariant($"SendFrame {Connection} {Bytes.Length} bytes");
}

/// <summary>Close the connection. No Closed input follows.</summary>
public readonly record struct Hang(ConnectionId Connection);

/// <summary>Step the client at this instant at the latest. Replaces the wake-up asked for before.</summary>
public readonly record struct WakeAt(Instant At);

/// <summary>
/// What a step of a client asks of the world, in order. Filled by the machine, drained and cleared by a runtime.
/// </summary>
public sealed class ClientEffects
{
    private readonly List<(ClientEffectKind Kind, int Index)> _order = [];
    private readonly List<Dial> _dials = [];
    private readonly List<SendFrame> _sends = [];
    private readonly List<Hang> _closes = [];
    private readonly List<WakeAt> _wakes = [];

    public int Count => _order.Count;

    public ClientEffectKind KindAt(int position) => _order[position].Kind;

    public Dial DialAt(int position) => _dials[_order[position].Index];

    public SendFrame SendAt(int position) => _sends[_order[position].Index];

    public Hang CloseAt(int position) => _closes[_order[position].Index];

    public WakeAt WakeAt(int position) => _wakes[_order[position].Index];

    public void Add(in Dial effect) => Record(ClientEffectKind.Dial, _dials, effect);

    public void Add(in SendFrame effect) => Record(ClientEffectKind.Send, _sends, effect);

    public void Add(in Hang effect) => Record(ClientEffectKind.Close, _closes, effect);

    public void Add(in WakeAt effect) => Record(ClientEffectKind.Wake, _wakes, effect);

    public void Clear()
    {
        _order.Clear();
        _dials.Clear();
        _sends.Clear();
        _closes.Clear();
        _wakes.Clear();
    }

    private void Record<T>(ClientEffectKind kind, List<T> lane, in T effect)
    {
        _order.Add((kind, lane.Count));
        lane.Add(effect);
    }
}
