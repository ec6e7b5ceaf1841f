using System;
using System.Collections.Generic;
using Deterministic.Broker.Boundary;
using Deterministic.Broker.Peers;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Broker.Membership;

/// <summary>One broker's requests to the active controller, for one purpose, over one connection.</summary>
/// <remarks>
/// Inputs   Ask, ControllerMoved, answers of the peer, timers
/// Effects  those of the peer channel
///
/// Waiting -> Sent      somebody is known to be the controller
/// Sent    -> Waiting   the connection broke, or the answer is NOT_CONTROLLER: again after the backoff
/// Sent    -> (ended)   any other answer
/// any     -> (ended)   the time-out is over
///
/// An answer belongs to one try: what arrives for a try that was given up is dropped.
/// </remarks>
public sealed class ControllerChannel : IControllerChannel, IPeerAnswer, ITimed
{
    /// <summary>Bound: requests of one channel that wait for the controller.</summary>
    public const int MaxWaiting = 1000;

    /// <summary>Bound: requests sent to a remote controller at once.</summary>
    private const int MaxSent = 16;

    private const long RetryTimer = 0;
    private static readonly Duration RetryBackoff = Duration.FromMilliseconds(50);

    private readonly IActiveController _controller;
    private readonly PeerTable _peers;
    private readonly Timers _timers;
    private readonly StepClock _clock;
    private readonly string _purpose;
    private readonly SortedDictionary<long, Question> _questions = [];
    private PeerChannel? _channel;
    private TimerHandle? _retry;
    private long _nextQuestion = RetryTimer + 1;
    private int _sent;

    public ControllerChannel(
        IActiveController controller, PeerTable peers, Timers timers, StepClock clock, string purpose)
    {
        _controller = controller;
        _peers = peers;
        _timers = timers;
        _clock = clock;
        _purpose = purpose;
    }

    /// <summary>Told when the connection to the controller breaks.</summary>
    public Action? WhenLost { get; set; }

    public void Ask(ApiKey key, IMessage request, Duration timeout, IPeerAnswer answer, long token = 0)
    {
        var id = _nextQuestion++;
        var question = new Question(key, request, answer, token);
        _questions.Add(id, question);

        // Never answered from inside this call: the first try, or the refusal, is the timers' turn.
        var isTooMany = _questions.Count > MaxWaiting;
        question.Deadline = _timers.Set(_clock.Now.Instant + (isTooMany ? Duration.Zero : timeout), this, id);
        question.IsRefused = isTooMany;
        RetryAt(_clock.Now.Instant);
    }

    /// <summary>Another node leads, or nobody is known to: what waits is sent there at once.</summary>
    public void ControllerMoved() => RetryAt(_clock.Now.Instant);

    public void Answered(IMessage response, long token)
    {
        _sent--;
        if (ErrorOf(response) == ErrorCode.NotController)
        {
            TryAgain(token);
            return;
        }

        if (End(token) is { } question)
        {
            question.Answer.Answered(response, question.Token);
        }

        RetryAt(_clock.Now.Instant);
    }

    public void Failed(PeerFailure why, long token)
    {
        _sent--;
        TryAgain(token);
    }

    public void TimerFired(in Now now, long token)
    {
        if (token == RetryTimer)
        {
            _retry = null;
            Pump();
            return;
        }

        if (End(token) is { } question)
        {
            question.Answer.Failed(question.IsRefused ? PeerFailure.Refused : PeerFailure.TimedOut, question.Token);
        }
    }

    private Question? End(long id)
    {
        if (_questions.Remove(id, out var question))
        {
            _timers.Cancel(question.Deadline);
        }

        return question;
    }

    private void TryAgain(long id)
    {
        if (_questions.TryGetValue(id, out var question))
        {
            question.IsSent = false;
            RetryAt(_clock.Now.Instant + RetryBackoff);
        }
    }

    private void Pump()
    {
        if (!_controller.IsSelf && _controller.Address is null)
        {
            RetryAt(_clock.Now.Instant + RetryBackoff);
            return;
        }

        foreach (var id in Unsent())
        {
            if (!_questions.TryGetValue(id, out var question))
            {
                continue;
            }

            question.IsSent = true;
            if (_controller.IsSelf)
            {
                _sent++;
                _controller.Handle(question.Key, question.Request, response => Answered(response, id));
            }
            else if (_controller.Address is { } address)
            {
                _sent++;
                ChannelTo(address).Send(question.Key, question.Request, RequestTimeout, this, id);
            }
        }
    }

    /// <summary>Copied, because handling on this node may answer and ask within.</summary>
    private List<long> Unsent()
    {
        var unsent = new List<long>();
        foreach (var (id, question) in _questions)
        {
            if (!question.IsSent && !question.IsRefused && (_controller.IsSelf || _sent + unsent.Count < MaxSent))
            {
                unsent.Add(id);
            }
        }

        return unsent;
    }

    /// <summary>A controller that does not answer may have died without a word: another try may find its successor.</summary>
    private static Duration RequestTimeout => Duration.FromMilliseconds(2000);

    private PeerChannel ChannelTo(PeerAddress address)
    {
        if (_channel is { } channel)
        {
            if (channel.Address == address)
            {
                return channel;
            }

            channel.WhenLost = null;
            channel.Close();
        }

        _channel = _peers.Open(address, _purpose);
        _channel.WhenLost = () => WhenLost?.Invoke();
        return _channel;
    }

    private void RetryAt(Instant at)
    {
        if (_retry is { IsPending: true } retry && retry.Deadline <= at)
        {
            return;
        }

        _timers.Cancel(_retry);
        _retry = _timers.Set(at, this, RetryTimer);
    }

    private static ErrorCode ErrorOf(IMessage response) => (ErrorCode)(response switch
    {
        BrokerRegistrationResponse registration => registration.ErrorCode,
        BrokerHeartbeatResponse heartbeat => heartbeat.ErrorCode,
        AlterPartitionResponse change => change.ErrorCode,
        AllocateProducerIdsResponse ids => ids.ErrorCode,
        AssignReplicasToDirsResponse directories => directories.ErrorCode,
        ControllerRegistrationResponse registration => registration.ErrorCode,
        EnvelopeResponse envelope => envelope.ErrorCode,
        _ => (short)0,
    });

    private sealed class Question(ApiKey key, IMessage request, IPeerAnswer answer, long token)
    {
        public ApiKey Key => key;

        public IMessage Request => request;

        public IPeerAnswer Answer => answer;

        public long Token => token;

        public bool IsSent { get; set; }

        public bool IsRefused { get; set; }

        public TimerHandle? Deadline { get; set; }
    }
}
