using System;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Deterministic.Runtime.Real.Telemetry;

/// <summary>
/// Metrics and logs to an OpenTelemetry collector. Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set, which, with
/// its
/// sister variables, is all the configuration there is.
/// </summary>
internal static class CollectorExport
{
    /// <summary>OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over what we say of ourselves.</summary>
    private static ResourceBuilder Resource =>
        ResourceBuilder.CreateDefault().AddService("deterministic").AddEnvironmentVariableDetector();

    public static void AddTo(ILoggingBuilder builder) =>
        builder.AddOpenTelemetry(logs => logs.SetResourceBuilder(Resource).AddOtlpExporter());

    public static IDisposable StartMetrics() =>
        Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(Resource)
            .AddMeter(BrokerMetrics.MeterName)
            .AddOtlpExporter()
            .Build();

    /// <summary>Standard output belongs to the greeting.</summary>
    public static void AddStandardError(this IServiceCollection services) =>
        services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
}
