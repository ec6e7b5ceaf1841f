namespace Deterministic.Primitives;

/// <summary>
/// Which partition of an internal topic keeps a key: Java's String.hashCode over UTF-16 units, then its absolute
/// value,
/// where the one number that has none counts as zero. Every broker and tool must agree on it, or a group has two
/// homes.
/// </summary>
public static class JavaHash
{
    /// <summary>Java's String.hashCode: 31 * h + unit, wrapping at 32 bits.</summary>
    public static int Of(string text)
    {
        var hash = 0;
        foreach (var unit in text)
        {
            hash = unchecked((31 * hash) + unit);
        }

        return hash;
    }

    /// <summary>The partition that keeps <paramref name="key"/>.</summary>
    public static int PartitionFor(string key, int partitions)
    {
        Invariant.Check(partitions > 0);
        var hash = Of(key);
        return (hash == int.MinValue ? 0 : hash < 0 ? -hash : hash) % partitions;
    }
}
