using System;
using System.Text.RegularExpressions;
using Deterministic.Protocol;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>One request of a sequence, built anew for each broker from what that broker has told so far.</summary>
/// <param name="Key">Which API.</param>
/// <param name="Version">In which version.</param>
/// <param name="Build">The request, given the scene.</param>
public sealed record Step(ApiKey Key, short Version, Func<Scene, IRequest> Build)
{
    /// <summary>The member or producer that the answer's id is for, or -1.</summary>
    public int Slot { get; init; } = -1;

    /// <summary>False for a Produce with acks=0.</summary>
    public bool IsAnswered { get; init; } = true;

    /// <summary>Changes the bytes of the frame before they are sent: the malformed requests.</summary>
    public Func<byte[], byte[]>? Damage { get; init; }

    /// <summary>
    /// Runs at the same time: this step is sent, waits until its group rebalances, then this one is sent.
    /// </summary>
    public Step? Partner { get; init; }

    /// <summary>What the request's own text does not show, such as what is wrong with a batch.</summary>
    public string Note { get; init; } = "";

    public override string ToString() =>
        Shortened(FormattableString.Invariant($"v{Version} {Build(new Scene(""))}"))
        + (Note.Length == 0 ? "" : "  # " + Note) + (Damage is null ? "" : " (damaged)")
        + (Partner is null ? "" : "\n      beside " + Partner);

    /// <summary>A character that comes a hundred times over is shown once.</summary>
    private static string Shortened(string text) => Regex.Replace(text, "(.)\\1{99,}", "$1...");
}
