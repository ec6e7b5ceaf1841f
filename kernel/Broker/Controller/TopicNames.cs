namespace Deterministic.Broker.Controller;

/// <summary>Which names a topic may have.</summary>
public static class TopicNames
{
    public const int MaxLength = 249;

    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Null for a legal name, else the sentence with which Kafka refuses it.</summary>
    public static string? Refuse(string name)
    {
        var why = Why(name);
        return why is null ? null : "Topic name is invalid: " + why;
    }

    private static string? Why(string name)
    {
        if (name.Length == 0)
        {
            return "the empty string is not allowed";
        }

        if (name is "." or "..")
        {
            return "'" + name + "' is not allowed";
        }

        if (name.Length > MaxLength)
        {
            return "the length of '" + name + "' is longer than the max allowed length 249";
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return "'" + name
                    + "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
            }
        }

        return null;
    }
}
