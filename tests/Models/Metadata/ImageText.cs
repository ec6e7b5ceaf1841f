using System.Globalization;
using System.Text;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;

namespace Deterministic.Tests.Models.Metadata;

/// <summary>A whole image as text, so that two of them can be compared and a difference be read.</summary>
internal static class ImageText
{
    /// <summary>The same and everything else that an image holds, epochs included.</summary>
    public static string Whole(MetadataImage image)
    {
        var text = new StringBuilder(Of(image));
        foreach (var b in image.Cluster.Brokers)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"broker {b.Id} {b.Epoch} {b.IncarnationId} {b.Rack ?? "-"} {b.IsInControlledShutdown}"
                + $" {string.Join(',', b.Endpoints)}"
                + $" {string.Join(',', b.Features)} {string.Join(',', b.Directories)}"
                + $" {string.Join(',', b.CordonedDirectories)}\n");
        }

        foreach (var controller in image.Cluster.ControllerRecords)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"controller {controller.ControllerId} {controller.IncarnationId} {controller.EndPoints.Count}\n");
        }

        foreach (var topic in image.Topics.All)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                var p = topic.Partitions[i];
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{topic.Name} {i} {p.LeaderEpoch} {p.PartitionEpoch} {p.LeaderRecoveryState}"
                    + $" {string.Join(',', p.AddingReplicas)}"
                    + $" {string.Join(',', p.RemovingReplicas)} {string.Join(',', p.LastKnownElr)}\n");
            }
        }

        foreach (var name in image.Configs.NamesOf(ConfigResourceType.ClientMetrics))
        {
            foreach (var (key, value) in image.Configs.Of(ConfigResourceType.ClientMetrics, name))
            {
                text.Append(CultureInfo.InvariantCulture, $"metrics '{name}' {key}={value}\n");
            }
        }

        return text.ToString();
    }

    public static string Of(MetadataImage image)
    {
        var text = new StringBuilder();
        foreach (var broker in image.Cluster.Brokers)
        {
            text.Append(CultureInfo.InvariantCulture, $"broker {broker.Id} fenced={broker.IsFenced}\n");
        }

        foreach (var topic in image.Topics.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"topic {topic.Name} {topic.Id}\n");
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                var p = topic.Partitions[i];
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  {i} leader={p.Leader} {string.Join(',', p.Replicas)} isr={string.Join(',', p.Isr)}"
                    + $" elr={string.Join(',', p.Elr)} dirs={string.Join(',', p.Directories)}\n");
            }
        }

        foreach (var type in new[] { ConfigResourceType.Topic, ConfigResourceType.Broker, ConfigResourceType.Group })
        {
            foreach (var name in image.Configs.NamesOf(type))
            {
                foreach (var (key, value) in image.Configs.Of(type, name))
                {
                    text.Append(CultureInfo.InvariantCulture, $"config {type} '{name}' {key}={value}\n");
                }
            }
        }

        foreach (var (name, level) in image.Features.Finalized)
        {
            text.Append(CultureInfo.InvariantCulture, $"feature {name}={level}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"next producer id {image.NextProducerId}\n");
        foreach (var record in image.Kept.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"kept {record}\n");
        }

        return text.ToString();
    }
}
