using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Membership;

/// <summary>Waits until the metadata, as this node has read them, say of it what it waits for.</summary>
internal sealed class SelfWatch : IMetadataListener
{
    private readonly BrokerId _self;
    private readonly MetadataImage _image;
    private Ticket? _waiting;
    private long _epoch = -1;
    private bool _unfenced;

    public SelfWatch(BrokerId self, MetadataImage image)
    {
        _self = self;
        _image = image;
        image.AddListener(this);
    }

    /// <summary>Done when the image shows the registration of this epoch, or a later one.</summary>
    public Ticket WhenRegistered(long epoch)
    {
        _epoch = epoch;
        return Wait();
    }

    /// <summary>Done when the image shows this broker unfenced.</summary>
    public Ticket WhenUnfenced()
    {
        _unfenced = true;
        return Wait();
    }

    public void BrokerChanged(BrokerRegistration? before, BrokerRegistration? after)
    {
        if (after?.Id == _self.Value && _waiting is { } waiting && IsTrue(after))
        {
            _waiting = null;
            waiting.Complete();
        }
    }

    public void PartitionChanged(
        TopicImage topic, int partition, PartitionRegistration? before, PartitionRegistration after)
    {
    }

    public void TopicDeleted(TopicImage topic)
    {
    }

    public void ConfigChanged(ConfigResourceType type, string name, string key)
    {
    }

    private Ticket Wait()
    {
        Invariant.Check(_waiting is null);
        if (_image.Cluster.Find(_self.Value) is { } registration && IsTrue(registration))
        {
            return Ticket.Done();
        }

        _waiting = new Ticket();
        return _waiting;
    }

    private bool IsTrue(BrokerRegistration registration) =>
        registration.Epoch >= _epoch && (!_unfenced || !registration.IsFenced);
}
