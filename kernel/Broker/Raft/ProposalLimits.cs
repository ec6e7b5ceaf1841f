using System.Collections.Generic;
using Deterministic.Protocol;

namespace Deterministic.Broker.Raft;

/// <summary>
/// How much one proposal may hold. Whoever collects records from a client's request asks before proposing.
/// </summary>
public static class ProposalLimits
{
    public static bool Allow(List<MetadataRecord> records)
    {
        if (records.Count > MetadataQuorum.MaxRecordsPerProposal)
        {
            return false;
        }

        var bytes = 0L;
        foreach (var record in records)
        {
            bytes += MetadataRecords.Size(record.Message, record.Version);
        }

        return bytes <= MetadataQuorum.MaxProposalBytes;
    }
}
