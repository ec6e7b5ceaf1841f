using Deterministic.Broker.Boundary;
using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>A place in a segment file at which the batch that holds <see cref="Offset"/> begins.</summary>
internal readonly record struct ResumePoint(Offset Offset, OpenFile? File, long Position, int BatchBytes);

/// <summary>
/// Where readers of one log stood last, few of them: a consumer that goes on from there is answered without a look
/// at the
/// disk. Round robin, because consumers that fall behind all the time would otherwise push out those that do not.
/// </summary>
internal sealed class ResumePoints
{
    /// <summary>Bound: readers of one partition that are remembered.</summary>
    public const int Capacity = 32;

    private readonly ResumePoint[] _points = new ResumePoint[Capacity];
    private int _next;

    public void Remember(in ResumePoint point)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_points[i].File is not null && _points[i].Offset == point.Offset)
            {
                _points[i] = point;
                return;
            }
        }

        _points[_next] = point;
        _next = (_next + 1) % Capacity;
    }

    public bool TryFind(Offset offset, OpenFile file, out ResumePoint point)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_points[i].Offset == offset && ReferenceEquals(_points[i].File, file))
            {
                point = _points[i];
                return true;
            }
        }

        point = default;
        return false;
    }

    /// <summary>Batches may stand elsewhere now.</summary>
    public void Clear() => System.Array.Clear(_points);
}
