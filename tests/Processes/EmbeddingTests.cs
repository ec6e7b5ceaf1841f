using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Protocol;
using Deterministic.Protocol.Messages;
using Deterministic.Runtime.Real.Hosting;
using Deterministic.Tests.Clients.Differential;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Deterministic.Tests.Processes;

/// <summary>A broker inside the process that uses it, as a .NET test hosts one.</summary>
public sealed class EmbeddingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_broker_in_this_process_serves_and_takes_its_directory_with_it(bool isPortable)
    {
        string data;
        await using (var broker = await DeterministicBroker.StartAsync(
            new DeterministicBrokerOptions { IsPortable = isPortable, Host = "127.0.0.1" }))
        {
            data = broker.DataDirectory;
            var port = PortOf(broker.BootstrapServers);
            var ledger = new Ledger();
            ledger.CreateTopic(port);
            ledger.Start(port, valueBytes: 50);
            ledger.WaitForMore(100);
            await broker.StopAsync();
            ledger.WaitForEnd();
        }

        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task A_broker_killed_in_this_process_comes_back_with_everything_it_acknowledged()
    {
        var data = Directory.CreateTempSubdirectory("killed-broker-").FullName;
        var options = new DeterministicBrokerOptions { DataDirectory = data, Host = "127.0.0.1" };
        var ledger = new Ledger();
        for (var round = 0; round < 2; round++)
        {
            await using var broker = await DeterministicBroker.StartAsync(options);
            var port = PortOf(broker.BootstrapServers);
            if (round == 0)
            {
                ledger.CreateTopic(port);
            }

            ledger.Verify(port);
            ledger.Start(port, valueBytes: 100);
            ledger.WaitForMore(200);
            await broker.KillAsync();
            ledger.WaitForEnd();
            Assert.False(File.Exists(Path.Combine(data, ".kafka_cleanshutdown")));
        }

        await using (var last = await DeterministicBroker.StartAsync(options))
        {
            ledger.Verify(PortOf(last.BootstrapServers));
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Two_brokers_in_one_process_do_not_know_of_each_other()
    {
        await using var first = await DeterministicBroker.StartAsync();
        await using var second = await DeterministicBroker.StartAsync(
            new DeterministicBrokerOptions { Properties = { ["node.id"] = "2" } });
        Assert.NotEqual(first.BootstrapServers, second.BootstrapServers);
        Assert.Equal(1, NodeIdOf(first));
        Assert.Equal(2, NodeIdOf(second));
    }

    [Fact]
    public async Task A_directory_in_use_is_refused_with_a_sentence()
    {
        await using var first = await DeterministicBroker.StartAsync();
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => DeterministicBroker.StartAsync(
            new DeterministicBrokerOptions { DataDirectory = first.DataDirectory }));
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_starts_and_stops_its_broker()
    {
        var services = new ServiceCollection();
        services.AddDeterministicBroker(options => options.Host = "127.0.0.1");
        await using var provider = services.BuildServiceProvider();
        var hosted = provider.GetRequiredService<IHostedService>();
        await hosted.StartAsync(CancellationToken.None);
        var address = provider.GetRequiredService<DeterministicBrokerHost>().BootstrapServers;
        using (var wire = new Wire("127.0.0.1", PortOf(address), TimeSpan.FromSeconds(20)))
        {
            Assert.IsType<ApiVersionsResponse>(wire.Ask(new ApiVersionsRequest(), 0).Response);
        }

        await hosted.StopAsync(CancellationToken.None);
    }

    private static int NodeIdOf(DeterministicBroker broker)
    {
        using var wire = new Wire("localhost", PortOf(broker.BootstrapServers), TimeSpan.FromSeconds(20));
        return ((MetadataResponse)wire.Ask(new MetadataRequest(), 9).Response!).Brokers[0].NodeId;
    }

    private static int PortOf(string address) =>
        int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
}
