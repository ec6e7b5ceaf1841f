using System;
using System.Collections.Generic;
using System.Globalization;
using Deterministic.Primitives;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Sim.Runs;
using Deterministic.Runtime.Sim.Scenarios;
using Deterministic.Runtime.Sim.Worlds;

namespace Deterministic.Runtime.Sim.Workloads;

/// <summary>
/// <c>workload topic-churn topics=N every=TIME partitions=N</c>: creates and deletes topics of a few names while
/// nodes crash.
/// </summary>
/// <remarks>
/// 1. A creation that was confirmed stays: the topic exists until somebody asks for its deletion.
/// 2. A deletion that was confirmed stays: the topic does not come back by itself.
/// 3. A topic created again has another id.
/// All three are judged at the end, when nothing is under way any more, by what Metadata answers.
/// </remarks>
public sealed class TopicChurnWorkload : IWorkload, IFaultlessTimer
{
    public const string Name = "topic-churn";

    private static readonly Duration Patience = Duration.FromSeconds(5);

    private readonly Simulation _simulation;
    private readonly AdminProgram _admin;
    private readonly Prng _prng;
    private readonly ValueRange _every;
    private readonly int _partitions;
    private readonly bool[] _exists;
    private readonly HashSet<Uuid> _ids = [];
    private Instant? _judgedFirst;
    private bool _isStopped;
    private bool _isJudged;

    public TopicChurnWorkload(Simulation simulation, ScenarioLine line, Prng prng)
    {
        _simulation = simulation;
        _prng = prng;
        _exists = new bool[line.Number("topics", prng, 1, 4)];
        _partitions = line.Number("partitions", prng, 1, 4);
        _every = line.Range("every", 50_000, 1_500_000);
        _admin = new AdminProgram(simulation.AdminOptions(prng));
    }

    public bool IsDone => _isJudged && _admin.IsIdle;

    public string Waiting => _admin.Waiting;

    public void Begin()
    {
        _simulation.World.AddClient(_admin).Start();
        _simulation.After(_every.Draw(_prng), this);
    }

    public void Stop()
    {
        _isStopped = true;
        _simulation.Counters.Add("topics-churned", _admin.Done);
        var request = new MetadataRequest { Topics = null };
        _admin.Do(new AdminTask(ApiKey.Metadata, request, answer => Judge((MetadataResponse)answer)));
    }

    public void Fired()
    {
        if (_isStopped)
        {
            return;
        }

        if (_admin.IsIdle)
        {
            var topic = _prng.Next(_exists.Length);
            if (_exists[topic])
            {
                Delete(topic);
            }
            else
            {
                Create(topic);
            }
        }

        _simulation.After(_every.Draw(_prng), this);
    }

    private static string NameOf(int topic) => string.Create(CultureInfo.InvariantCulture, $"churn-{topic}");

    private void Create(int topic)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 30_000 };
        request.Topics.Add(new CreateTopicsRequest.CreatableTopic
        {
            Name = NameOf(topic),
            NumPartitions = _partitions,
            ReplicationFactor = 1,
        });
        _admin.Do(new AdminTask(ApiKey.CreateTopics, request, answer =>
        {
            var result = ((CreateTopicsResponse)answer).Topics[0];
            var error = (ErrorCode)result.ErrorCode;
            if (error == ErrorCode.None && !_ids.Add(result.TopicId))
            {
                Fail($"{NameOf(topic)}: the id {result.TopicId} was given twice");
            }

            _exists[topic] |= error is ErrorCode.None or ErrorCode.TopicAlreadyExists;
            return _exists[topic];
        }));
    }

    private void Delete(int topic)
    {
        var request = new DeleteTopicsRequest { TimeoutMs = 30_000 };
        request.Topics.Add(new DeleteTopicsRequest.DeleteTopicState { Name = NameOf(topic) });
        _admin.Do(new AdminTask(ApiKey.DeleteTopics, request, answer =>
        {
            var error = (ErrorCode)((DeleteTopicsResponse)answer).Responses[0].ErrorCode;
            _exists[topic] &= error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition);
            return !_exists[topic];
        }));
    }

    private bool Judge(MetadataResponse metadata)
    {
        // A broker of a cluster learns of what was confirmed a little later than the controller.
        _judgedFirst ??= _simulation.World.Now;
        if (!Agrees(metadata) && _simulation.World.Nodes.Count > 1 && _simulation.World.Now < _judgedFirst + Patience)
        {
            return false;
        }

        for (var topic = 0; topic < _exists.Length; topic++)
        {
            var found = metadata.Topics.Find(candidate => candidate.Name == NameOf(topic));
            if ((found is not null) != _exists[topic])
            {
                Fail($"{NameOf(topic)}: {(_exists[topic] ? "was created and is gone" : "was deleted and is back")}");
            }
            else if (found is not null && found.Partitions.Count != _partitions)
            {
                Fail($"{NameOf(topic)}: has {found.Partitions.Count} partitions of {_partitions}");
            }
        }

        _isJudged = true;
        return true;
    }

    private bool Agrees(MetadataResponse metadata)
    {
        for (var topic = 0; topic < _exists.Length; topic++)
        {
            var found = metadata.Topics.Find(candidate => candidate.Name == NameOf(topic));
            if ((found?.Partitions.Count ?? 0) != (_exists[topic] ? _partitions : 0))
            {
                return false;
            }
        }

        return true;
    }

    private void Fail(FormattableString what) =>
        _simulation.World.Fail(FailureKind.Safety, "topics-stay", FormattableString.Invariant(what));
}
