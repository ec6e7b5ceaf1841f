using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>
/// Writes a world's life as text, one line per event: seconds since the world began, who, then the input (arrow in)
/// or the effect
/// (arrow out). What people read after a failure, and what two runs of one seed can be compared by.
/// </summary>
public sealed class TraceWriter
{
    private readonly TextWriter _out;
    private readonly bool _isTerse;

    /// <param name="writer">Where to.</param>
    /// <param name="isTerse">Leaves out probes, wake-ups and notes.</param>
    public TraceWriter(TextWriter writer, bool isTerse)
    {
        _out = writer;
        _isTerse = isTerse;
    }

    public void Line(Instant at, string who, string what)
    {
        var seconds = at.Microseconds / 1_000_000;
        var micros = at.Microseconds % 1_000_000;
        _out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds,5}.{micros:D6} {who,-5} {what}"));
    }

    public void Happened(in Happening what)
    {
        var who = what.Node < 0 ? "world" : Node(what.Node);
        Line(what.At, who, $"!! {what.Kind}{(what.Text is null ? "" : ": " + what.Text)}");
    }

    public void Stepped(Instant at, int node, in Input input)
    {
        var detail = input.Kind == InputKind.Received ? " " + Request(input.Bytes.Span) : "";
        Line(at, Node(node), string.Concat("-> ", input.ToString(), detail));
    }

    public void Asked(Instant at, int node, Effects effects, int position)
    {
        var kind = effects.KindAt(position);
        if (!_isTerse || kind is not (EffectKind.Probe or EffectKind.Wake or EffectKind.Note))
        {
            Line(at, Node(node), string.Concat("   <- ", effects.Describe(position)));
        }
    }

    public void Flush() => _out.Flush();

    private static string Node(int node) => string.Create(CultureInfo.InvariantCulture, $"n{node}");

    /// <summary>API key, version and correlation id, which every request begins with.</summary>
    private static string Request(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 8)
        {
            return "(short)";
        }

        var key = BinaryPrimitives.ReadInt16BigEndian(frame);
        var version = BinaryPrimitives.ReadInt16BigEndian(frame[2..]);
        var correlation = BinaryPrimitives.ReadInt32BigEndian(frame[4..]);
        return string.Create(CultureInfo.InvariantCulture, $"api {key} v{version} #{correlation}");
    }
}
