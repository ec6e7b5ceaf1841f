using System.IO;
using Xunit;

namespace Deterministic.Tests.Traces.Groups;

/// <summary>The life of classic groups as stories: each text file beside this one is a trace.</summary>
public sealed class GroupTraces
{
    public static TheoryData<string> Names()
    {
        var names = new TheoryData<string>();
        foreach (var name in TraceFile.NamesIn(TraceFile.DirectoryOfCaller()))
        {
            names.Add(name);
        }

        return names;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_group_lives_as_told(string name)
    {
        var conversation = new GroupConversation();
        TraceFile.Run(Path.Combine(TraceFile.DirectoryOfCaller(), name + ".txt"), conversation.Run);
    }
}
