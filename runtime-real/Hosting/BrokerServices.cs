using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Deterministic.Runtime.Real.Hosting;

/// <summary>A broker as part of a .NET host: it starts and stops with the host and logs where the host logs.</summary>
public static class BrokerServices
{
    /// <summary>Registers one broker; take <see cref="DeterministicBrokerHost"/> to learn where it listens.</summary>
    public static IServiceCollection AddDeterministicBroker(
        this IServiceCollection services, Action<DeterministicBrokerOptions>? configure = null)
    {
        services.AddSingleton(provider =>
        {
            var options = new DeterministicBrokerOptions { LoggerFactory = provider.GetService<ILoggerFactory>() };
            configure?.Invoke(options);
            return new DeterministicBrokerHost(options);
        });
        services.AddHostedService(provider => provider.GetRequiredService<DeterministicBrokerHost>());
        return services;
    }
}

/// <summary>The broker of a host.</summary>
public sealed class DeterministicBrokerHost : IHostedService
{
    private readonly DeterministicBrokerOptions _options;
    private DeterministicBroker? _broker;

    internal DeterministicBrokerHost(DeterministicBrokerOptions options)
    {
        _options = options;
    }

    /// <summary>What clients connect to. Only while the host runs.</summary>
    public string BootstrapServers =>
        (_broker ?? throw new InvalidOperationException("the host has not started its broker")).BootstrapServers;

    public async Task StartAsync(CancellationToken cancellationToken) =>
        _broker = await DeterministicBroker.StartAsync(_options, cancellationToken).ConfigureAwait(false);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_broker is { } broker)
        {
            _broker = null;
            await broker.DisposeAsync().ConfigureAwait(false);
        }
    }
}
