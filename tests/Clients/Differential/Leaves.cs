using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using Deterministic.Primitives;
using Deterministic.Protocol;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// A message as a flat map from field paths to text, so that two answers can be compared field by field and a
/// difference can be named: <c>MetadataResponse.Topics[t0].Partitions[1].LeaderEpoch</c>.
/// </summary>
/// <remarks>
/// Elements of a list are named by what identifies them (a name, an id, a partition), not by their place: the order of
/// an answer's lists is no promise of the protocol. Values that each broker chooses for itself (topic ids, member
/// ids) are replaced by the symbol that both share.
/// </remarks>
public sealed class Leaves(Func<string, string> symbolOf)
{
    private static readonly string[] Identities =
    [
        "Name", "Topic", "TopicName", "ResourceName", "GroupId", "MemberId", "Key", "PartitionIndex", "Partition",
        "Index", "ApiKey", "NodeId", "BrokerId", "TopicId",
    ];

    private readonly SortedDictionary<string, string> _leaves = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Of(IMessage message)
    {
        _leaves.Clear();
        AddFields(message.GetType().Name, message);
        return _leaves;
    }

    private void AddFields(string path, object structure)
    {
        foreach (var property in structure.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite)
            {
                Add(path + "." + property.Name, property.GetValue(structure));
            }
        }
    }

    private void Add(string path, object? value)
    {
        switch (value)
        {
            case null:
                _leaves[path] = "null";
                break;
            case string text:
                _leaves[path] = symbolOf(text);
                break;
            case Uuid id:
                _leaves[path] = SymbolOf(id);
                break;
            case ReadOnlyMemory<byte> bytes:
                _leaves[path] = Convert.ToHexStringLower(bytes.Span);
                break;
            case Records records:
                foreach (var (name, text) in BatchText.Describe(records.Bytes.Span))
                {
                    _leaves[path + name] = text;
                }

                break;
            case IList list:
                AddElements(path, list);
                break;
            case IFormattable number:
                _leaves[path] = number.ToString(null, CultureInfo.InvariantCulture);
                break;
            case bool truth:
                _leaves[path] = truth ? "true" : "false";
                break;
            default:
                AddFields(path, value);
                break;
        }
    }

    private void AddElements(string path, IList list)
    {
        if (list.Count == 0)
        {
            _leaves[path] = "empty";
        }

        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var element in list)
        {
            var identity = IdentityOf(element);
            var again = seen[identity] = seen.GetValueOrDefault(identity) + 1;
            Add(again == 1 ? $"{path}[{identity}]" : $"{path}[{identity}#{again}]", element);
        }
    }

    /// <summary>An id that nobody told of before is one that the broker just made up.</summary>
    private string SymbolOf(Uuid id)
    {
        var text = id.ToString();
        var symbol = symbolOf(text);
        return symbol == text && !id.IsZero && id != Scene.Nobodys ? "some id" : symbol;
    }

    private string IdentityOf(object? element)
    {
        if (element is null or IFormattable or string)
        {
            return symbolOf(Convert.ToString(element, CultureInfo.InvariantCulture) ?? "null");
        }

        foreach (var name in Identities)
        {
            var value = element.GetType().GetProperty(name)?.GetValue(element);
            if (value is not (null or "") && !(value is Uuid id && id.IsZero))
            {
                return value is Uuid some ? SymbolOf(some)
                    : symbolOf(Convert.ToString(value, CultureInfo.InvariantCulture)!);
            }
        }

        return "";
    }
}
