using System;
using System.Linq;
using Deterministic.Protocol;
using Deterministic.Protocol.Generator;
using Xunit;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>The schemas against Kafka's own definitions, and against the tables that are made from them.</summary>
public sealed class SchemaTests
{
    [KafkaFact]
    public void Every_schema_says_field_by_field_what_Kafkas_definition_says()
    {
        var definitions = KafkaDefinitions.Read(KafkaHome.Path!);
        foreach (var message in MessageCatalog.All)
        {
            Assert.True(definitions.TryGetValue(message.Schema.Name, out var theirs), $"Kafka has no {message}");
            Assert.Equal($"{message}\n{theirs}", $"{message}\n{SchemaLines.Of(message.Schema)}");
        }
    }

    [KafkaFact]
    public void No_definition_of_Kafka_is_missing()
    {
        var ours = MessageCatalog.All.Select(message => message.Schema.Name);
        var missing = KafkaDefinitions.Read(KafkaHome.Path!).Keys.Except(ours).Except(KafkaDefinitions.NotOurs);
        Assert.Empty(missing);
    }

    [Fact]
    public void The_table_knows_every_key_and_its_messages()
    {
        Assert.Equal(Enum.GetValues<ApiKey>(), ApiTable.Keys.ToArray());
        foreach (var key in ApiTable.Keys)
        {
            var request = Assert.IsType<IRequest>(ApiTable.NewRequest(key), exactMatch: false);
            var response = Assert.IsType<IResponse>(ApiTable.NewResponse(key), exactMatch: false);
            Assert.Equal((key, key), (request.ApiKey, response.ApiKey));
            var schema = MessageCatalog.Find(key + "Request").Schema;
            Assert.Equal((short)schema.Number, (short)key);
            Assert.Equal(schema.Versions.First, ApiTable.Lowest(key));
            Assert.Equal(schema.Versions.Last, ApiTable.HighestUnstable(key));
            Assert.Equal(schema.Versions, MessageCatalog.Find(key + "Response").Schema.Versions);
            Assert.Equal(schema.Flexible, MessageCatalog.Find(key + "Response").Schema.Flexible);
        }
    }

    [Fact]
    public void An_unstable_version_is_read_but_not_advertised()
    {
        Assert.Equal(5, ApiTable.Highest(ApiKey.InitProducerId));
        Assert.Equal(6, ApiTable.HighestUnstable(ApiKey.InitProducerId));
    }

    [Fact]
    public void A_key_that_nobody_knows_has_no_versions()
    {
        var unknown = (ApiKey)4;
        Assert.True(ApiTable.Lowest(unknown) > ApiTable.Highest(unknown));
        Assert.Null(ApiTable.NewRequest(unknown));
        Assert.Null(ApiTable.NewResponse(unknown));
    }

    [Theory]
    [InlineData("request 0 A 0-1\n  Tagged int32 0+ tag 0", "only flexible versions have tags")]
    [InlineData("request 0 A 0-1 flexible 1+\n  X int32 0+ tag 0", "a tag before the flexible versions")]
    [InlineData("request 0 A 0-1\n  X int32 2+", "no version of the message has it")]
    [InlineData("request 0 A 0-1\n  X string 0+ = null", "null by default needs null versions")]
    [InlineData("request 0 A 0-1\n  X []A 0+\n    X []A 0+", "contains itself")]
    [InlineData("request 0 A 0-1\n  X int32 0+\n  X int32 0+", "two fields of one name")]
    [InlineData("request 0 A 0-1\n  X Y 0+", "has no fields")]
    [InlineData("request 0 A 0-1\n  Size int32 0+", "a message has a member of that name")]
    [InlineData("request 0 A 0-1\n   X int32 0+", "indent by two spaces")]
    [InlineData("request 0 A 0-1\n    X int32 0+", "this field belongs to nothing")]
    [InlineData("query 0 A 0-1", "'query' is no kind of message")]
    [InlineData("request 0 A one", "'one' is no version")]
    [InlineData("request 0 A", "the line ends too early")]
    [InlineData("request 0 A 0 X", "unknown word 'X'")]
    public void A_schema_that_makes_no_sense_is_refused(string schema, string reason)
    {
        var error = Assert.Throws<SchemaException>(() => SchemaParser.Parse(schema));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.True(error.Line > 0);
    }
}
