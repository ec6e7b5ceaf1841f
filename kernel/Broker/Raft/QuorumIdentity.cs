using System.Collections.Generic;
using System.Globalization;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Log;
using Deterministic.Primitives;

namespace Deterministic.Broker.Raft;

/// <summary>
/// Whose data directory this is: read from <c>meta.properties</c>, or written there when the directory is new.
/// Written
/// and durable before anything else is.
/// </summary>
internal sealed class QuorumIdentity
{
    private readonly QuorumEnvironment _environment;

    public QuorumIdentity(QuorumEnvironment environment)
    {
        _environment = environment;
    }

    public MetaProperties Properties { get; private set; }

    /// <summary>Why this node must not use the directory; null where it may.</summary>
    public string? Refusal { get; private set; }

    public IEnumerator<Ticket> Load(DiskImage image)
    {
        var read = AtomicFile.Read(_environment.Log.Files, image, MetaProperties.FileName);
        yield return read;
        if (read.Bytes.Length > 0)
        {
            Check(read);
            yield break;
        }

        if (HoldsSomebodysLogs(image))
        {
            Refusal = "the data directory holds logs but no meta.properties: it is not a data directory of this node";
            yield break;
        }

        var prng = _environment.Log.Prng;
        Properties = new MetaProperties(
            _environment.ClusterId ?? Uuid.Random(prng), _environment.Self.Value, Uuid.Random(prng));
        var writing = AtomicFile.Write(_environment.Log.Files, MetaProperties.FileName, Properties.ToBytes());
        while (writing.MoveNext())
        {
            yield return writing.Current;
        }
    }

    private static bool HoldsSomebodysLogs(DiskImage image)
    {
        foreach (var entry in image.Files)
        {
            if (entry.Path.Contains('/') && entry.Path[0] != '.')
            {
                return true;
            }
        }

        return false;
    }

    private void Check(Ticket read)
    {
        if (!MetaProperties.TryParse(read.Bytes.Span, out var properties, out var why))
        {
            Refusal = why;
            return;
        }

        Properties = properties;
        if (properties.NodeId != _environment.Self.Value)
        {
            Refusal = string.Create(
                CultureInfo.InvariantCulture,
                $"the data directory belongs to node.id {properties.NodeId}, "
                + $"and this node's is {_environment.Self.Value}");
        }
        else if (_environment.ClusterId is { } wanted && wanted != properties.ClusterId)
        {
            Refusal = $"the data directory belongs to cluster {properties.ClusterId}, and this node to {wanted}";
        }
    }
}
