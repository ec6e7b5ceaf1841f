using System;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Metadata.Configs;
using Deterministic.Primitives;

namespace Deterministic.Broker.Replication;

/// <summary>How fast throttled replicas may be filled, in one direction (KIP-73): bytes a second over some time.</summary>
/// <remarks>
/// Inputs   Record, IsExceeded, each with the time of the step
/// Effects  none
///
/// The rule a reader would get wrong: nothing is refused here. Who fetches while the rate is exceeded is given nothing, and asks
/// again; a replica that is in the ISR is never throttled, or acks=all would wait for the quota.
/// </remarks>
public sealed class ReplicationQuota
{
    private readonly Func<EffectiveConfigs> _configs;
    private readonly string _rate;
    private readonly long[] _bytes;
    private readonly long[] _window;
    private readonly Duration _size;

    /// <param name="configs">The broker's, at the moment.</param>
    /// <param name="rate">Name of the configuration that limits it, in bytes a second; no limit where it is not set.</param>
    /// <param name="windows"><c>replication.quota.window.num</c>.</param>
    /// <param name="size"><c>replication.quota.window.size.seconds</c>.</param>
    public ReplicationQuota(Func<EffectiveConfigs> configs, string rate, int windows, Duration size)
    {
        _configs = configs;
        _rate = rate;
        _size = size;
        _bytes = new long[windows];
        _window = new long[windows];
        Array.Fill(_window, long.MinValue);
    }

    public void Record(Instant now, long bytes)
    {
        var window = now.Microseconds / _size.Microseconds;
        var place = (int)(window % _bytes.Length);
        _bytes[place] = (_window[place] == window ? _bytes[place] : 0) + bytes;
        _window[place] = window;
    }

    public bool IsExceeded(Instant now)
    {
        var configs = _configs();
        return configs.IsBrokerValueGiven(_rate) && BytesPerSecond(now) > configs.BrokerLong(_rate);
    }

    /// <summary>Over the windows since the oldest in which anything was recorded, a whole one at least.</summary>
    public double BytesPerSecond(Instant now)
    {
        var window = now.Microseconds / _size.Microseconds;
        var oldest = window;
        var sum = 0L;
        for (var i = 0; i < _bytes.Length; i++)
        {
            if (_window[i] > window - _bytes.Length)
            {
                sum += _bytes[i];
                oldest = long.Min(oldest, _window[i]);
            }
        }

        var elapsed = long.Max(_size.Microseconds, now.Microseconds - (oldest * _size.Microseconds));
        return sum * 1e6 / elapsed;
    }
}

/// <summary>Both directions of one node.</summary>
public sealed record ReplicationQuotas(ReplicationQuota Leader, ReplicationQuota Follower)
{
    public static ReplicationQuotas Of(Func<EffectiveConfigs> configs)
    {
        var now = configs();
        var windows = (int)now.BrokerLong("replication.quota.window.num");
        var size = Duration.FromSeconds(now.BrokerLong("replication.quota.window.size.seconds"));
        return new ReplicationQuotas(
            new ReplicationQuota(configs, "leader.replication.throttled.rate", windows, size),
            new ReplicationQuota(configs, "follower.replication.throttled.rate", windows, size));
    }
}
