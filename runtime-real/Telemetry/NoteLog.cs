using System;
using Deterministic.Broker.Boundary;
using Microsoft.Extensions.Logging;

namespace Deterministic.Runtime.Real.Telemetry;

/// <summary>The kernel's notes as log lines. Those that come with every request are counted, not logged.</summary>
internal sealed class NoteLog
{
    private readonly ILogger _logger;

    public NoteLog(ILogger logger)
    {
        _logger = logger;
    }

    public void Write(in Note note)
    {
        var level = LevelOf(note.Kind);
        if (level != LogLevel.None && _logger.IsEnabled(level))
        {
            _logger.Log(level, "{Line}", Line(note));
        }
    }

    private static LogLevel LevelOf(NoteKind kind) => kind switch
    {
        NoteKind.Produced or NoteKind.Fetched or NoteKind.Answered => LogLevel.None,
        NoteKind.Warning or NoteKind.FileDamaged or NoteKind.TailTruncated => LogLevel.Warning,
        NoteKind.PeerAtFault or NoteKind.GroupChanged or NoteKind.SegmentRolled => LogLevel.Debug,
        _ => LogLevel.Information,
    };

    private static string Line(in Note note) => note.Kind switch
    {
        NoteKind.Ready => FormattableString.Invariant(
            $"cluster {note.Subject} is ready: {note.A} partitions, {note.B / 1000} ms"),
        NoteKind.Recovering => FormattableString.Invariant($"recovering {note.Subject}: {note.A} of {note.B}"),
        NoteKind.TailTruncated => FormattableString.Invariant(
            $"{note.Subject}: cut {note.A} bytes that are not whole batches, log end offset {note.B}"),
        NoteKind.SegmentRolled => FormattableString.Invariant($"{note.Subject}: new segment at offset {note.A}"),
        NoteKind.SegmentsDeleted => FormattableString.Invariant(
            $"{note.Subject}: deleted {note.B} bytes of old segments, log start offset {note.A}"),
        NoteKind.TopicCreated => FormattableString.Invariant($"created topic {note.Subject}, {note.A} partitions"),
        NoteKind.TopicDeleted => $"deleted topic {note.Subject}",
        NoteKind.ConfigChanged => $"configuration of {note.Subject} changed",
        NoteKind.GroupChanged => FormattableString.Invariant(
            $"group {note.Subject}: generation {note.A}, {note.B} members"),
        NoteKind.PeerAtFault => FormattableString.Invariant($"connection {note.A}: {note.Subject}"),
        NoteKind.FileDamaged => $"damaged: {note.Subject}",
        _ => note.Subject ?? note.Kind.ToString(),
    };
}
