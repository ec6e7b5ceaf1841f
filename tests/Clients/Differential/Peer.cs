using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;

namespace Deterministic.Tests.Clients.Differential;

/// <summary>
/// One of the two brokers: sends it a sequence's steps and waits where its answers are not yet in effect.
/// </summary>
/// <remarks>
/// A broker may answer that a topic is made before its partitions can be used. Both brokers are given the time:
/// after each answer that makes, extends or deletes topics, until every partition answers ListOffsets as it should.
/// </remarks>
public sealed class Peer : IDisposable
{
    /// <summary>How the configurations end that are set only to see when they are in effect.</summary>
    public const string Barrier = "barrier";

    private const sbyte BrokerResource = 4;
    private const string BrokerName = "1";
    private const short PreparingPollVersion = 4;
    private const short MetadataVersion = 12;
    private const int LookAgainAfterMs = 5;
    private const int LooksBeforeBelieved = 8;

    /// <summary>Their ids end in 0 to 199, so their hashes meet all fifty partitions of the offsets topic.</summary>
    private const int GroupsThatMeetEveryPartition = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Longer than the longest time-out in any request: a rebalance of JoinGroup version 0.</summary>
    private static readonly TimeSpan StepPatience = TimeSpan.FromSeconds(8);

    private readonly Wire _wire;
    private readonly Wire _partnersWire;
    private readonly Wire _control;

    public Peer(string name, string bootstrap)
    {
        Name = name;
        var colon = bootstrap.LastIndexOf(':');
        var port = int.Parse(bootstrap[(colon + 1)..], CultureInfo.InvariantCulture);
        (_wire, _partnersWire, _control) = (Connect(StepPatience), Connect(StepPatience), Connect(Patience));
        Wire Connect(TimeSpan patience) => new(bootstrap[..colon], port, patience);
    }

    public string Name { get; }

    public Scene Scene { get; private set; } = new("");

    /// <summary>
    /// Waits until groups can be used: the first question about a group makes a broker create its offsets topic.
    /// </summary>
    public void AwaitCoordinator()
    {
        var until = DateTime.UtcNow + Patience;
        var request = new OffsetFetchRequest { Topics = null };
        for (var group = 0; group < GroupsThatMeetEveryPartition; group++)
        {
            request.GroupId = FormattableString.Invariant($"warm-up-{group}");
            while (Control<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = request.GroupId }, 3).ErrorCode != 0
                || Control<OffsetFetchResponse>(request, 7).ErrorCode != 0)
            {
                if (DateTime.UtcNow > until)
                {
                    throw new TimeoutException($"{Name} has no group coordinator");
                }

                Thread.Sleep(LookAgainAfterMs);
            }
        }
    }

    /// <summary>Starts a sequence: two fresh topics, nothing known.</summary>
    public void Begin(string prefix, (string Name, string Value)? config)
    {
        Scene = new Scene(prefix);
        var request = new CreateTopicsRequest
        {
            Topics =
            [
                new() { Name = Scene.Topic("t0"), NumPartitions = 2, ReplicationFactor = 1 },
                new() { Name = Scene.Topic("t1"), NumPartitions = 1, ReplicationFactor = 1 },
            ],
        };
        if (config is { } chosen)
        {
            request.Topics[1].Configs.Add(new() { Name = chosen.Name, Value = chosen.Value });
        }

        var response = Control<CreateTopicsResponse>(request, 7);
        foreach (var topic in response.Topics)
        {
            if (topic.ErrorCode != 0)
            {
                throw new InvalidOperationException($"{Name} does not create topics: {response}");
            }
        }

        Scene.Learn(new Step(ApiKey.CreateTopics, 7, _ => request), request, response);
        Settle();
    }

    /// <summary>Sends one step; two answers where it has a partner, its own first.</summary>
    public List<Answer> Send(Step step)
    {
        var request = step.Build(Scene);
        if (step.Partner is { } partner)
        {
            return SendBoth(step, request, partner);
        }

        return [Taught(step, request, step.Damage is null
            ? _wire.Ask(request, step.Version, step.IsAnswered)
            : SendDamaged(step, request))];
    }

    /// <summary>Removes what the sequence made, so that brokers do not fill up.</summary>
    public void End()
    {
        var topics = new DeleteTopicsRequest { TimeoutMs = 10_000 };
        topics.TopicNames.AddRange(Scene.Topics.Keys);
        Control<DeleteTopicsResponse>(topics, 5);
        Scene.Topics.Clear();
    }

    public void Dispose()
    {
        _wire.Dispose();
        _partnersWire.Dispose();
        _control.Dispose();
    }

    private Answer SendDamaged(Step step, IRequest request)
    {
        var header = new RequestHeader(request.ApiKey, step.Version, 0, "differential");
        _wire.SendBytes(step.Damage!(Frames.Request(header, request)));
        return _wire.ReceiveAny();
    }

    private List<Answer> SendBoth(Step step, IRequest request, Step partner)
    {
        _wire.Send(request, step.Version);
        AwaitRebalance(((JoinGroupRequest)request).GroupId);
        var partnersRequest = partner.Build(Scene);
        _partnersWire.Send(partnersRequest, partner.Version);
        var partnersAnswer = Taught(partner, partnersRequest, _partnersWire.Receive(partner.Key, partner.Version));
        return [Taught(step, request, _wire.Receive(step.Key, step.Version)), partnersAnswer];
    }

    /// <summary>
    /// Until the group waits for its members, and not just on its way to being complete; or until the first join is
    /// answered because there was nobody to wait for.
    /// </summary>
    private void AwaitRebalance(string group)
    {
        var request = new DescribeGroupsRequest { Groups = [group] };
        var seen = 0;
        while (seen < LooksBeforeBelieved && !_wire.HasAnswer)
        {
            Thread.Sleep(LookAgainAfterMs);
            var state = Control<DescribeGroupsResponse>(request, PreparingPollVersion).Groups[0].GroupState;
            seen = state == "PreparingRebalance" ? seen + 1 : 0;
        }
    }

    private Answer Taught(Step step, IRequest request, Answer answer)
    {
        if (answer.Response is { } response)
        {
            Scene.Learn(step, request, response);
        }

        if (step.Key is ApiKey.CreateTopics or ApiKey.DeleteTopics or ApiKey.CreatePartitions)
        {
            Settle();
        }
        else if (request is IncrementalAlterConfigsRequest { ValidateOnly: false } or AlterConfigsRequest { ValidateOnly: false })
        {
            SettleConfigs();
        }

        return answer;
    }

    /// <summary>
    /// Waits until the topics there should be are there with all partitions ready, and no others of this sequence.
    /// </summary>
    private void Settle()
    {
        var until = DateTime.UtcNow + Patience;
        while (!IsSettled())
        {
            if (DateTime.UtcNow > until)
            {
                throw new TimeoutException($"{Name} has not settled: {Scene.Topics.Count} topics expected");
            }

            Thread.Sleep(LookAgainAfterMs);
        }
    }

    /// <summary>
    /// Configurations are in effect in the order in which they were set: waits for one more, on the broker itself.
    /// </summary>
    private void SettleConfigs()
    {
        var name = Scene.BrokerConfig("no.such.config") + "." + Guid.NewGuid().ToString("N") + Barrier;
        SetBarrier(name, operation: 0);
        var describe = new DescribeConfigsRequest
        {
            Resources = [new() { ResourceType = BrokerResource, ResourceName = BrokerName, ConfigurationKeys = [name] }],
        };
        var until = DateTime.UtcNow + Patience;
        while (Control<DescribeConfigsResponse>(describe, 4).Results[0].Configs.Count == 0)
        {
            if (DateTime.UtcNow > until)
            {
                throw new TimeoutException($"{Name} does not put configurations into effect");
            }

            Thread.Sleep(LookAgainAfterMs);
        }

        SetBarrier(name, operation: 1);
    }

    private void SetBarrier(string name, sbyte operation) =>
        Control<IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = BrokerResource,
                        ResourceName = BrokerName,
                        Configs = [new() { Name = name, ConfigOperation = operation, Value = operation == 0 ? "1" : null }],
                    },
                ],
            },
            1);

    private bool IsSettled()
    {
        var request = new MetadataRequest { Topics = [], AllowAutoTopicCreation = false };
        foreach (var name in (string[])["t0", "t1", "t2", "t3"])
        {
            request.Topics.Add(new() { Name = Scene.Topic(name) });
        }

        foreach (var topic in Control<MetadataResponse>(request, MetadataVersion).Topics)
        {
            var partitions = Scene.Topics.GetValueOrDefault(topic.Name ?? "");
            if (topic.Partitions.Count != partitions || (partitions > 0 && !IsServed(topic)))
            {
                return false;
            }

            if (partitions > 0)
            {
                Scene.LearnTopicId(topic.Name!, topic.TopicId);
            }
        }

        return true;
    }

    private bool IsServed(MetadataResponse.MetadataResponseTopic topic)
    {
        var request = new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = topic.Name! }] };
        foreach (var partition in topic.Partitions)
        {
            request.Topics[0].Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, Timestamp = -1 });
        }

        return Control<ListOffsetsResponse>(request, 7).Topics[0].Partitions.TrueForAll(part => part.ErrorCode == 0);
    }

    private T Control<T>(IRequest request, short version)
        where T : class, IMessage =>
        _control.Ask(request, version).Response as T
            ?? throw new InvalidOperationException($"{Name} does not answer {request}");
}
