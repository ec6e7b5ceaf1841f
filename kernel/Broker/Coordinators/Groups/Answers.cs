using System;
using System.Collections.Generic;

namespace Deterministic.Broker.Coordinators.Groups;

/// <summary>
/// Answers that a machine has decided on and that leave when it has finished. Answering lets the connection's next
/// request
/// start, in the same call; it must find the group in a state that holds together.
/// </summary>
public sealed class Answers
{
    private readonly Queue<Action> _decided = new();
    private bool _isSending;

    public void Add<T>(Action<T> answer, T response) => _decided.Enqueue(() => answer(response));

    /// <summary>Sends everything decided, and what that leads to. Called at the end of every input; nested calls
    /// leave it
    /// to the outermost.</summary>
    public void Send()
    {
        if (_isSending)
        {
            return;
        }

        _isSending = true;
        while (_decided.TryDequeue(out var send))
        {
            send();
        }

        _isSending = false;
    }
}
