using System;

namespace Deterministic.Broker.Apis;

/// <summary>Counts answers from several coordinators' shards, and answers the request once all are here.</summary>
internal sealed class Gathering
{
    private readonly Action _whenAllAreHere;
    private int _outstanding;

    /// <param name="count">How many will call <see cref="OneIsHere"/>, each once, perhaps at once.</param>
    /// <param name="whenAllAreHere">Called once, not before <see cref="AllAreAsked"/>.</param>
    public Gathering(int count, Action whenAllAreHere)
    {
        _outstanding = count + 1;
        _whenAllAreHere = whenAllAreHere;
    }

    public void OneIsHere()
    {
        _outstanding--;
        if (_outstanding == 0)
        {
            _whenAllAreHere();
        }
    }

    /// <summary>
    /// The request has been spread out whole; nothing is added to the answer any more but by those asked.
    /// </summary>
    public void AllAreAsked() => OneIsHere();
}
