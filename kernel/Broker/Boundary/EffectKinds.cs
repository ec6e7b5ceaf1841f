using System;
using System.Globalization;
using Deterministic.Primitives;

namespace Deterministic.Broker.Boundary;

/// <summary>Every kind of thing a node can ask of the world. Effects are named in the imperative.</summary>
public enum EffectKind : byte
{
    Send,
    Dial,
    Close,
    Pause,
    Resume,
    Name,
    Forget,
    Append,
    Truncate,
    Flush,
    Read,
    Rename,
    Delete,
    Wake,
    Note,
    Probe,
    Halt,
}

/// <summary>
/// Send one frame, its length prefix included: <see cref="PartCount"/> parts from <see cref="FirstPart"/> on, in
/// order.
/// Frames of one connection leave in the order in which they were sent. Sending to a closed connection does nothing.
/// </summary>
public readonly record struct Send(ConnectionId Connection, int FirstPart, int PartCount, int Length);

/// <summary>
/// A piece of a frame: bytes in memory where <see cref="Slice"/> is empty, else bytes that stand in a file.
/// </summary>
public readonly record struct SendPart(ReadOnlyMemory<byte> Bytes, FileSlice Slice)
{
    public bool IsSlice => !Slice.File.IsNone;

    public int Length => IsSlice ? Slice.Length : Bytes.Length;
}

/// <summary>
/// Connect to this address; Connected answers, or Closed where that fails. The kernel chooses the number, below zero, and
/// uses it once: numbers from zero on are the runtime's, for connections that others made.
/// </summary>
public readonly record struct Dial(ConnectionId Connection, string Host, int Port);

/// <summary>Close the connection once what was sent to it before has left. A Closed input follows.</summary>
public readonly record struct Close(ConnectionId Connection, string Why);

/// <summary>Deliver no further frame of this connection until Resume, beginning with the very next one.</summary>
public readonly record struct Pause(ConnectionId Connection);

/// <summary>Undo Pause.</summary>
public readonly record struct Resume(ConnectionId Connection);

/// <summary>
/// From now on <see cref="File"/> means this path (relative, forward slashes). The file, and the directories it is
/// in, come
/// into being with the first append to it.
/// </summary>
public readonly record struct Name(FileId File, string Path);

/// <summary>The kernel will not use this number again; the file itself stays.</summary>
public readonly record struct Forget(FileId File);

/// <summary>
/// Write these bytes at this position, which is where the file ends. Answered by Written. Appends and truncates of
/// one
/// file happen in order; a slice sent later may name what was appended earlier in the same step.
/// </summary>
public readonly record struct Append(FileId File, long Position, ReadOnlyMemory<byte> Bytes)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"Append {File} at {Position} {Bytes.Length} bytes");
}

/// <summary>Make the file this long, shorter than it was. Durable with the next flush.</summary>
public readonly record struct Truncate(FileId File, long Length);

/// <summary>
/// Make what was appended so far, and the file's directory entry, survive the power failing. Answered by Flushed.
/// At most
/// one flush of a file is under way; the runtime may cover many files with one operation.
/// </summary>
public readonly record struct Flush(FileId File);

/// <summary>
/// Read this range. Answered by ReadDone with the same ticket; a missing file answers with no bytes.
/// </summary>
public readonly record struct Read(long Ticket, FileId File, long Position, int Length);

/// <summary>
/// Give a file or a directory another name, replacing what has it; fine where there is none.
/// Happens after everything asked before; answered by
/// NamesChanged once it would survive the power failing. Numbers that meant the old path mean the new one.
/// </summary>
public readonly record struct Rename(long Ticket, string From, string To);

/// <summary>
/// Remove a file, or a directory with everything in it; fine where there is none. Answered by NamesChanged.
/// </summary>
public readonly record struct Delete(long Ticket, string Path);

/// <summary>Step the node with a Tick at this instant at the latest. Replaces the wake-up asked for before.</summary>
public readonly record struct Wake(Instant At);

/// <summary>
/// Something happened that people may want to see: for logs, metrics, traces and viewers. Never for logic.
/// </summary>
public readonly record struct Note(NoteKind Kind, string? Subject, long A, long B);

/// <summary>
/// A branch worth reaching was reached. The simulator counts them and misses those that no seed ever met.
/// </summary>
public readonly record struct Probe(ProbePoint Point);

/// <summary>
/// Stop this node: no further input will be taken. <see cref="IsClean"/> where it was asked to and finished.
/// </summary>
public readonly record struct Halt(string Why, bool IsClean);
