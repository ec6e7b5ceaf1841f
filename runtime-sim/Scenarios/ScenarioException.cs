using System;
using System.Globalization;

namespace Deterministic.Runtime.Sim.Scenarios;

/// <summary>A scenario file says something that nobody understands. The message begins with file and line.</summary>
public sealed class ScenarioException : Exception
{
    public ScenarioException()
    {
    }

    public ScenarioException(string message)
        : base(message)
    {
    }

    public ScenarioException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public ScenarioException(string file, int line, string message)
        : base(string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: {message}"))
    {
    }
}
