using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Raft;
using Deterministic.Primitives;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Metadata;

/// <summary>
/// Records that this release stores and does not serve: ACLs, SCRAM credentials, quotas, delegation tokens. The last
/// of each is kept as it is, so that a directory that Kafka wrote loses nothing by passing through our hands.
/// </summary>
public sealed class KeptRecords
{
    private readonly SortedDictionary<string, MetadataRecord> _byKey = new(StringComparer.Ordinal);

    /// <summary>In the order of kind and key.</summary>
    public IReadOnlyCollection<MetadataRecord> All => _byKey.Values;

    internal void BecomeLike(KeptRecords other)
    {
        _byKey.Clear();
        foreach (var (key, record) in other._byKey)
        {
            _byKey.Add(key, record);
        }
    }

    /// <summary>True where the record is one of those kept here.</summary>
    internal bool TryReplay(in MetadataRecord record)
    {
        switch (record.Message)
        {
            case AccessControlEntryRecord entry:
                _byKey["acl/" + entry.Id] = record;
                return true;
            case RemoveAccessControlEntryRecord removed:
                _byKey.Remove("acl/" + removed.Id);
                return true;
            case UserScramCredentialRecord credential:
                _byKey[ScramKey(credential.Name, credential.Mechanism)] = record;
                return true;
            case RemoveUserScramCredentialRecord removed:
                _byKey.Remove(ScramKey(removed.Name, removed.Mechanism));
                return true;
            case DelegationTokenRecord token:
                _byKey["token/" + token.TokenId] = record;
                return true;
            case RemoveDelegationTokenRecord removed:
                _byKey.Remove("token/" + removed.TokenId);
                return true;
            case ClientQuotaRecord quota:
                ReplayQuota(record, quota);
                return true;
            case ZkMigrationStateRecord:
                _byKey["zk"] = record;
                return true;
            default:
                return false;
        }
    }

    private static string ScramKey(string name, sbyte mechanism) =>
        string.Create(CultureInfo.InvariantCulture, $"scram/{mechanism}/{name}");

    private void ReplayQuota(in MetadataRecord record, ClientQuotaRecord quota)
    {
        var key = "quota/" + quota.Key;
        foreach (var part in quota.Entity)
        {
            // A default entity has no name; a name may be anything, so its length keeps the parts apart.
            var name = part.EntityName;
            key += string.Create(
                CultureInfo.InvariantCulture, $"/{part.EntityType}:{name?.Length ?? -1}:{name}");
        }

        if (quota.Remove)
        {
            _byKey.Remove(key);
        }
        else
        {
            _byKey[key] = record;
        }
    }
}
