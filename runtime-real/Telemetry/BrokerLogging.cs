using System;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Deterministic.Runtime.Real.Telemetry;

/// <summary>Where log lines go: standard error, and a collector where the environment names one.</summary>
internal sealed class BrokerLogging : IDisposable
{
    private readonly IDisposable[] _owned;

    private BrokerLogging(ILogger logger, params IDisposable[] owned)
    {
        Logger = logger;
        _owned = owned;
    }

    public ILogger Logger { get; }

    /// <summary>For the program.</summary>
    public static BrokerLogging Create(bool isVerbose)
    {
        var export = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 };
        var factory = LoggerFactory.Create(builder =>
        {
            builder.SetMinimumLevel(isVerbose ? LogLevel.Debug : LogLevel.Information);
            builder.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.ColorBehavior = LoggerColorBehavior.Disabled;
                console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
            });
            builder.Services.AddStandardError();
            if (export)
            {
                CollectorExport.AddTo(builder);
            }
        });
        var logger = factory.CreateLogger("broker");
        return export
            ? new BrokerLogging(logger, factory, CollectorExport.StartMetrics())
            : new BrokerLogging(logger, factory);
    }

    /// <summary>For a host that has its own logging, or none. What is given stays the host's.</summary>
    public static BrokerLogging Over(ILoggerFactory? factory) =>
        new(factory?.CreateLogger("Deterministic.Broker") ?? NullLogger.Instance);

    public void Dispose()
    {
        foreach (var one in _owned)
        {
            one.Dispose();
        }
    }
}
