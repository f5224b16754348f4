using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Community.ServiceDefaults;

/// <summary>What every program with a web server has before its first own line.</summary>
public static class Defaults
{
    private static readonly string[] Sources = ["Npgsql", "Marten", "MassTransit", "Community.*"];

    private static readonly Dictionary<string, string?> QuietLogs = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
        ["Logging:LogLevel:Polly"] = "Warning",
        ["Logging:Console:FormatterOptions:IncludeScopes"] = "true" // the trace id, which is in the problem that a client saw
    };

    /// <summary>Telemetry, health, service discovery and resilient HTTP clients.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        // First, so that any other source of configuration wins.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietLogs });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.AddTelemetry();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealth();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // A POST to a gateway that timed out may have been done.
            http.AddStandardResilienceHandler(options =>
            {
                options.Retry.DisableForUnsafeHttpMethods();
                // 429 tells one caller to wait. It is no sign that the service is away: the others' requests go on.
                options.CircuitBreaker.ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Result?.StatusCode != HttpStatusCode.TooManyRequests && HttpClientResiliencePredicates.IsTransient(attempt.Outcome));
            });
            http.AddServiceDiscovery();
        });
        // Proxies on this machine (and those configured) tell whom they speak for.
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            foreach (var network in builder.Configuration.GetSection("Proxies:Networks").Get<string[]>() ?? [])
                options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network));
        });

        return builder;
    }

    /// <summary>The common endpoints of a web app which is no API.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseSecurityHeaders(null);
        app.UseRouting();
        app.MapHealth();

        return app;
    }

    /// <param name="contentPolicy">The <c>Content-Security-Policy</c>; null where the pages set their own.</param>
    /// <param name="except">The path of pages that the policy is not for.</param>
    public static void UseSecurityHeaders(this WebApplication app, string? contentPolicy, string? except = null) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.TryAdd("X-Content-Type-Options", "nosniff");
            headers.TryAdd("X-Frame-Options", "DENY");
            headers.TryAdd("Referrer-Policy", "no-referrer");
            headers.TryAdd("Cross-Origin-Resource-Policy", "same-site");
            if (contentPolicy is not null && (except is null || !context.Request.Path.StartsWithSegments(except, StringComparison.Ordinal)))
                headers.TryAdd("Content-Security-Policy", contentPolicy);
            // What a token opened is nobody else's.
            if (context.User.Identity?.IsAuthenticated == true)
                headers.TryAdd("Cache-Control", "private, no-cache");

            return Task.CompletedTask;
        });

        return next(context);
    });

    private static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        var exported = !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(Sources))
            .WithTracing(tracing =>
            {
                tracing
                    .AddSource(Sources)
                    .AddAspNetCoreInstrumentation(options => options.Filter = context =>
                        !context.Request.Path.StartsWithSegments(Health.Ready, StringComparison.Ordinal)
                        && !context.Request.Path.StartsWithSegments(Health.Live, StringComparison.Ordinal))
                    .AddHttpClientInstrumentation();
                if (exported)
                    tracing.AddSampling(builder.Configuration);
                else
                    tracing.SetSampler(new AlwaysOffSampler()); // no spans are made, and the trace ids are there all the same
            });

        if (exported)
            telemetry.UseOtlpExporter();
    }
}
