using Deterministic.Primitives;

namespace Deterministic.Broker.Log;

/// <summary>Which segments a log may lose (ON-DISK 4.3).</summary>
internal static class Retention
{
    /// <summary>
    /// The offset below which whole segments go. The log's end where even the active segment is too old: it is
    /// rolled first.
    /// Nothing at or above the high watermark ever goes, whatever its age.
    /// </summary>
    public static Offset KeepFrom(SegmentList segments, LogConfig config, long nowMs, Offset highWatermark)
    {
        var keep = segments.First.BaseOffset;
        var excess = segments.SizeInBytes - config.RetentionBytes;
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            var isTooOld = config.RetentionMs >= 0
                && segment.MaxTimestampMs >= 0
                && nowMs - segment.MaxTimestampMs > config.RetentionMs;
            var isTooMuch = config.RetentionBytes >= 0 && excess - segment.Size >= 0 && i < segments.Count - 1;
            if (segment.IsEmpty || segment.NextOffset > highWatermark || !(isTooOld || isTooMuch))
            {
                break;
            }

            excess -= segment.Size;
            keep = segment.NextOffset;
        }

        return keep;
    }
}
