using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Raft;

/// <summary>One snapshot on its way from the leader to this member, a piece at a time.</summary>
/// <remarks>
/// Inputs   pieces, in the order in which they were asked for
/// Effects  Delete, Name, Append and Forget of the <c>.part</c> file
///
/// The next piece is asked for by how many bytes are here. So an answer that was lost costs one more question, and one that
/// does not continue the file is no piece of this transfer.
/// </remarks>
internal sealed class SnapshotTransfer(QuorumMember member, SnapshotId id)
{
    public SnapshotId Id => id;

    /// <summary>What is here so far; null before <see cref="Begin"/> has ended.</summary>
    public OpenFile? File { get; private set; }

    /// <summary>Bytes of the whole; -1 while nobody said.</summary>
    public long Size { get; private set; } = -1;

    public bool IsComplete => File is { } file && file.Length == Size;

    /// <summary>What an earlier attempt left is deleted: it would be appended to.</summary>
    public IEnumerator<Ticket> Begin()
    {
        var path = member.Snapshots.PartOf(id);
        yield return member.Environment.Log.Files.Delete(path);
        File = member.Environment.Log.Files.Open(path, 0);
    }

    public FetchSnapshotRequest Question() => new()
    {
        ClusterId = member.ClusterId,
        ReplicaId = member.Self,
        MaxBytes = member.Environment.Snapshots.FetchBytes,
        Topics =
        [
            new FetchSnapshotRequest.TopicSnapshot
            {
                Name = QuorumMessages.Topic,
                Partitions =
                [
                    new FetchSnapshotRequest.PartitionSnapshot
                    {
                        CurrentLeaderEpoch = member.State.LeaderEpoch,
                        SnapshotId = new FetchSnapshotRequest.SnapshotId { EndOffset = id.EndOffset, Epoch = id.Epoch },
                        Position = File?.Length ?? 0,
                        ReplicaDirectoryId = member.DirectoryId,
                    },
                ],
            },
        ],
    };

    /// <summary>False where the piece does not continue what is here: begin anew.</summary>
    public bool Take(FetchSnapshotResponse.PartitionSnapshot piece, byte[] bytes)
    {
        var isNext = File is { } file
            && piece.SnapshotId.EndOffset == id.EndOffset
            && piece.SnapshotId.Epoch == id.Epoch
            && piece.Position == file.Length
            && bytes.Length > 0
            && file.Length + bytes.Length <= piece.Size
            && (Size < 0 || Size == piece.Size);
        if (isNext)
        {
            Size = piece.Size;
            member.Environment.Log.Files.Append(File!, bytes);
        }

        return isNext;
    }

    /// <summary>Lets go of the file, for whoever installs it or because nobody will.</summary>
    public void Abandon()
    {
        if (File is { IsForgotten: false } file)
        {
            member.Environment.Log.Files.Forget(file);
        }
    }
}
