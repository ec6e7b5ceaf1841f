using System;
using System.Linq;
using Deterministic.Protocol;
using FsCheck.Xunit;
using Xunit;

namespace Deterministic.Tests.Models.Protocol;

/// <summary>Written, read and written again: every message, at every version it has.</summary>
public sealed class RoundTripTests
{
    [Property(MaxTest = 8)]
    public void Every_message_at_every_version_comes_back_as_it_went(ulong seed)
    {
        foreach (var message in MessageCatalog.All)
        {
            for (var version = message.Schema.Versions.First; version <= message.Schema.Versions.Last; version++)
            {
                var sent = MessageMaker.Make(message, version, seed);
                var bytes = Frames.ToArray(sent, (short)version);
                var received = message.New();
                var r = new ProtocolReader(bytes);
                received.Read(ref r, (short)version);
                Assert.True(!r.Failed && r.Remaining == 0, $"{r.Error} at {r.Position} of v{version} {sent}");
                Assert.Equal(sent, received);
                Assert.Equal(sent.ToString(), received.ToString());
                Assert.Equal(bytes, Frames.ToArray(received, (short)version));
            }
        }
    }

    [Fact]
    public void A_new_message_has_the_defaults_of_its_schema_and_equals_another()
    {
        foreach (var message in MessageCatalog.All)
        {
            Assert.Equal(message.New(), message.New());
            Assert.StartsWith(message.Schema.Name + " {", message.New().ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Messages_that_differ_in_one_field_are_not_equal()
    {
        foreach (var message in MessageCatalog.All)
        {
            var versions = message.Schema.Versions;
            var differ = Enumerable.Range(1, 20)
                .Select(seed => MessageMaker.Make(message, versions.Last, (ulong)seed))
                .Select(one => Convert.ToHexString(Frames.ToArray(one, (short)versions.Last)) + "|" + one)
                .Distinct(StringComparer.Ordinal);
            var made = differ.Count();
            Assert.True(made > 1 || message.Schema.Body.Fields.Count <= 1, $"{message} is always the same");
        }
    }
}
