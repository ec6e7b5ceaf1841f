using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>Every kind of fact that can reach a node. Facts are named in the past tense.</summary>
public enum InputKind : byte
{
    /// <summary>The node begins; its disk holds <see cref="Input.Image"/>. Always the first input, once.</summary>
    Started,

    /// <summary>Time has passed: the wake-up asked for, or earlier.</summary>
    Tick,

    /// <summary>
    /// A client or peer connected to listener <see cref="Input.Listener"/> from <see cref="Input.Text"/>.
    /// </summary>
    Opened,

    /// <summary>A connection that the node dialled is up. Where it could not be made, Closed comes instead.</summary>
    Connected,

    /// <summary>
    /// One whole frame, without its length prefix. The bytes are lent, see <see cref="Input.Bytes"/>.
    /// </summary>
    Received,

    /// <summary>The connection is gone, whoever closed it. Nothing more comes from it.</summary>
    Closed,

    /// <summary>The file holds everything appended below <see cref="Input.Position"/>, in the page cache.</summary>
    Written,

    /// <summary>
    /// Everything below <see cref="Input.Position"/>, and the file's name, survives the power failing.
    /// </summary>
    Flushed,

    /// <summary>A read answers with <see cref="Input.Bytes"/>, fewer than asked only where the file ends.</summary>
    ReadDone,

    /// <summary>The rename or delete of <see cref="Input.Ticket"/> is done and survives the power failing.</summary>
    NamesChanged,

    /// <summary>
    /// An operation on the disk failed for the reason in <see cref="Input.Text"/>. Nothing on it is believed any
    /// more.
    /// </summary>
    DiskFailed,

    /// <summary>Somebody asks the node to stop in good order. It answers, in time, with a Halt effect.</summary>
    StopRequested,
}

/// <summary>One fact, as the node is told it. Together with the state, an input determines every effect.</summary>
public readonly struct Input
{
    private Input(InputKind kind)
    {
        Kind = kind;
    }

    public InputKind Kind { get; private init; }

    public ConnectionId Connection { get; private init; }

    /// <summary>Index of the listener in the node's options.</summary>
    public int Listener { get; private init; }

    public FileId File { get; private init; }

    public long Position { get; private init; }

    /// <summary>Which read, rename or delete this answers.</summary>
    public long Ticket { get; private init; }

    /// <summary>
    /// Received: lent to the kernel, which may change them in place and point effects at them, until the runtime
    /// clears
    /// the effects of this step. ReadDone: given to the kernel for good.
    /// </summary>
    public Memory<byte> Bytes { get; private init; }

    public DiskImage? Image { get; private init; }

    /// <summary>Opened: the peer's address. DiskFailed: the reason.</summary>
    public string? Text { get; private init; }

    public static Input Started(DiskImage image) => new(InputKind.Started) { Image = image };

    public static Input Tick() => new(InputKind.Tick);

    public static Input Opened(ConnectionId connection, int listener, string peer) =>
        new(InputKind.Opened) { Connection = connection, Listener = listener, Text = peer };

    public static Input Connected(ConnectionId connection) =>
        new(InputKind.Connected) { Connection = connection };

    public static Input Received(ConnectionId connection, Memory<byte> frame) =>
        new(InputKind.Received) { Connection = connection, Bytes = frame };

    public static Input Closed(ConnectionId connection) => new(InputKind.Closed) { Connection = connection };

    public static Input Written(FileId file, long position) =>
        new(InputKind.Written) { File = file, Position = position };

    public static Input Flushed(FileId file, long position) =>
        new(InputKind.Flushed) { File = file, Position = position };

    public static Input ReadDone(long ticket, Memory<byte> bytes) =>
        new(InputKind.ReadDone) { Ticket = ticket, Bytes = bytes };

    public static Input NamesChanged(long ticket) => new(InputKind.NamesChanged) { Ticket = ticket };

    public static Input DiskFailed(FileId file, string reason) =>
        new(InputKind.DiskFailed) { File = file, Text = reason };

    public static Input StopRequested() => new(InputKind.StopRequested);

    /// <summary>One line, as traces show it.</summary>
    public override string ToString() => Kind switch
    {
        InputKind.Started => string.Create(CultureInfo.InvariantCulture, $"Started {Image?.Files.Count} files"),
        InputKind.Tick => "Tick",
        InputKind.Opened =>
            string.Create(CultureInfo.InvariantCulture, $"Opened {Connection} on {Listener} from {Text}"),
        InputKind.Connected => string.Create(CultureInfo.InvariantCulture, $"Connected {Connection}"),
        InputKind.Received =>
            string.Create(CultureInfo.InvariantCulture, $"Received {Connection} {Bytes.Length} bytes"),
        InputKind.Closed => string.Create(CultureInfo.InvariantCulture, $"Closed {Connection}"),
        InputKind.Written => string.Create(CultureInfo.InvariantCulture, $"Written {File} to {Position}"),
        InputKind.Flushed => string.Create(CultureInfo.InvariantCulture, $"Flushed {File} to {Position}"),
        InputKind.ReadDone => string.Create(CultureInfo.InvariantCulture, $"ReadDone r{Ticket} {Bytes.Length} bytes"),
        InputKind.NamesChanged => string.Create(CultureInfo.InvariantCulture, $"NamesChanged n{Ticket}"),
        InputKind.DiskFailed => string.Create(CultureInfo.InvariantCulture, $"DiskFailed {File}: {Text}"),
        InputKind.StopRequested => "StopRequested",
    };
}
