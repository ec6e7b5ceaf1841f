namespace Deterministic.Runtime.Sim.Worlds;

/// <summary>Everything that can be about to happen.</summary>
public enum WorldEventKind : byte
{
    /// <summary>A connection attempt reaches its host. Subject: socket index of the dialling end.</summary>
    Dial,

    /// <summary>The dialling end hears of it. Argument: 1 where the connection is up.</summary>
    DialDone,

    /// <summary>A segment arrives. Subject: socket index of the receiving end.</summary>
    Segment,

    /// <summary>A paused end may take frames again. Subject: its socket index.</summary>
    Readable,

    /// <summary>An end is told that its connection is gone. Subject: its socket index.</summary>
    Hangup,

    /// <summary>A disk has answers. Subject: process.</summary>
    Disk,

    /// <summary>A process asked to be woken. Subject: process.</summary>
    Wake,

    /// <summary>A client asked to be woken. Subject: client.</summary>
    ClientWake,

    /// <summary>A node's recorded effects are carried out. Subject: process.</summary>
    Drain,

    /// <summary>A node starts. Subject: process.</summary>
    Start,

    /// <summary>A fault's turn. Subject: its index. Argument: its own.</summary>
    Fault,
}

/// <summary>One thing that is about to happen: twelve bytes beside its time.</summary>
public readonly record struct WorldEvent(WorldEventKind Kind, int Subject, int Argument = 0);
