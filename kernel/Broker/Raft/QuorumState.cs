using System;
using System.Globalization;
using System.Text;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>
/// What a member of the metadata quorum must never forget: the epoch it is in, whom it voted for, and who leads. One
/// line of JSON in <c>quorum-state</c>, durable before anything is done in a new epoch: a member that forgot could
/// vote twice.
/// </summary>
/// <remarks>
/// Version 0 belongs to kraft.version 0 (fixed voters), version 1 to kraft.version 1. Both are read and written.
/// A file that says anything else is never guessed at: the node refuses to start.
/// </remarks>
public readonly record struct QuorumState(
    int LeaderEpoch, int LeaderId, int VotedId, Uuid VotedDirectoryId, short DataVersion)
{
    /// <summary>Nobody.</summary>
    public const int None = -1;

    /// <summary>The state before the first election.</summary>
    public static QuorumState Initial(short dataVersion) => new(0, None, None, Uuid.Zero, dataVersion);

    public bool HasLeader => LeaderId != None;

    /// <summary>
    /// Whether this member may give its vote of this epoch to a candidate: it gives one, and none beside a leader.
    /// </summary>
    public bool MayVoteFor(int candidate, Uuid directory) =>
        !HasLeader && (VotedId == None || (VotedId == candidate && VotedDirectoryId == directory));

    /// <summary>A later epoch, in which nothing has happened yet.</summary>
    public QuorumState Entering(int epoch) => new(epoch, None, None, Uuid.Zero, DataVersion);

    /// <summary>The same epoch, in which this node leads or follows. Its vote is not forgotten.</summary>
    public QuorumState Led(int leader) => this with { LeaderId = leader };

    /// <summary>The same epoch, with the vote given.</summary>
    public QuorumState Voting(int candidate, Uuid directory) =>
        this with { VotedId = candidate, VotedDirectoryId = directory };

    public byte[] ToBytes()
    {
        var common = string.Create(
            CultureInfo.InvariantCulture,
            $"\"leaderId\":{LeaderId},\"leaderEpoch\":{LeaderEpoch},\"votedId\":{VotedId},");
        var text = DataVersion == 0
            ? "{\"clusterId\":\"\"," + common + "\"appliedOffset\":0,\"currentVoters\":[],\"data_version\":0}"
            : "{" + common + "\"votedDirectoryId\":\"" + VotedDirectoryId + "\",\"data_version\":1}";
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>Reads a file's content; false where it is not such a line.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out QuorumState state)
    {
        state = default;
        var text = Encoding.UTF8.GetString(bytes).Trim();
        if (!text.StartsWith('{') || !text.EndsWith('}')
            || !TryNumber(text, "leaderId", out var leader)
            || !TryNumber(text, "leaderEpoch", out var epoch)
            || !TryNumber(text, "votedId", out var voted)
            || !TryNumber(text, "data_version", out var version)
            || epoch < 0 || version is not (0 or 1))
        {
            return false;
        }

        var directory = Uuid.Zero;
        if (TryText(text, "votedDirectoryId", out var id) && !Uuid.TryParse(id, out directory))
        {
            return false;
        }

        state = new QuorumState(epoch, leader, voted, directory, (short)version);
        return true;
    }

    private static bool TryNumber(string text, string key, out int value)
    {
        value = 0;
        var at = After(text, key);
        if (at < 0)
        {
            return false;
        }

        var end = at;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '-'))
        {
            end++;
        }

        return int.TryParse(
            text.AsSpan(at, end - at), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static bool TryText(string text, string key, out string value)
    {
        value = "";
        var at = After(text, key);
        if (at < 0 || at >= text.Length || text[at] != '"')
        {
            return false;
        }

        var end = text.IndexOf('"', at + 1);
        value = end < 0 ? "" : text[(at + 1)..end];
        return end >= 0;
    }

    /// <summary>
    /// Where the value of a key begins, or -1. Keys of this file occur once and never inside a value.
    /// </summary>
    private static int After(string text, string key)
    {
        var quoted = "\"" + key + "\"";
        var at = text.IndexOf(quoted, StringComparison.Ordinal);
        if (at < 0)
        {
            return -1;
        }

        at += quoted.Length;
        while (at < text.Length && text[at] is ' ' or ':')
        {
            at++;
        }

        return at;
    }
}
