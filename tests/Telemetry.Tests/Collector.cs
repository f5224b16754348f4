using System.Collections.Concurrent;
using System.Diagnostics;
using Community.Telemetry.Tests.Otlp;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Community.Telemetry.Tests;

internal sealed record SeenSpan(
    string Service, string Scope, string TraceId, string Id, string ParentId, string Name, int Kind, IReadOnlyList<(string TraceId, string SpanId)> Links,
    string Statement, string Because);

internal sealed record SeenLog(string Service, string Scope, string TraceId, string Text);

/// <summary>An OTLP endpoint over gRPC, as a collector or the Aspire dashboard is one, that keeps what it is told.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<SeenSpan> _spans = new();
    private readonly ConcurrentQueue<SeenLog> _logs = new();
    private readonly ConcurrentDictionary<(string Service, string Metric, string Of), double> _figures = new();

    private Collector(WebApplication server) => _server = server;

    public string Address => _server.Urls.First();

    public IReadOnlyList<SeenSpan> Spans => [.. _spans];

    public IReadOnlyList<SeenLog> Logs => [.. _logs];

    public static async Task<Collector> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        // What it is told is no request of a service that is watched in the same process.
        builder.Services.AddSingleton(new ActivitySource("Collector"));
        builder.Services.AddSingleton(new DiagnosticListener("Collector"));
        Collector? collector = null;
        builder.Services.AddSingleton(_ => collector!);
        var server = builder.Build();
        collector = new Collector(server);
        server.MapGrpcService<Traces>();
        server.MapGrpcService<Metrics>();
        server.MapGrpcService<Records>();
        await server.StartAsync();

        return collector;
    }

    /// <summary>The figure that a service told last: a gauge's value, a histogram's count; null where it has told none.</summary>
    /// <param name="of">The shard or the queue.</param>
    public double? Figure(string service, string metric, string of) => _figures.TryGetValue((service, metric, of), out var figure) ? figure : null;

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private static string NameOf(Resource? resource) =>
        resource is null ? "" : Text(resource.Attributes, "service.name");

    private static string Text(RepeatedField<KeyValue> attributes, params string[] names) =>
        attributes.FirstOrDefault(attribute => names.Contains(attribute.Key))?.Value.StringValue ?? "";

    private static string Of(RepeatedField<KeyValue> attributes) => attributes.FirstOrDefault()?.Value.StringValue ?? "";

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private sealed class Traces(Collector collector) : TraceService.TraceServiceBase
    {
        public override Task<SpansResponse> Export(SpansRequest request, ServerCallContext context)
        {
            foreach (var (resource, scope, span) in
                from resource in request.Resources from scope in resource.Scopes from span in scope.Spans select (resource, scope, span))
            {
                collector._spans.Enqueue(new SeenSpan(
                    NameOf(resource.Resource), scope.Scope.Name, Hex(span.TraceId), Hex(span.SpanId), Hex(span.ParentSpanId), span.Name, span.Kind,
                    [.. span.Links.Select(link => (Hex(link.TraceId), Hex(link.SpanId)))],
                    Text(span.Attributes, "db.query.text", "db.statement"), Text(span.Attributes, "community.sampled.because")));
            }

            return Task.FromResult(new SpansResponse());
        }
    }

    private sealed class Metrics(Collector collector) : MetricsService.MetricsServiceBase
    {
        public override Task<MetricsResponse> Export(MetricsRequest request, ServerCallContext context)
        {
            foreach (var (resource, metric) in
                from resource in request.Resources from scope in resource.Scopes from metric in scope.Metrics select (resource, metric))
            {
                foreach (var point in metric.Gauge?.Points ?? [])
                {
                    collector._figures[(NameOf(resource.Resource), metric.Name, Of(point.Attributes))] = point.AsDouble + point.AsInt;
                }

                foreach (var point in metric.Histogram?.Points ?? [])
                {
                    collector._figures[(NameOf(resource.Resource), metric.Name, Of(point.Attributes))] = point.Count;
                }
            }

            return Task.FromResult(new MetricsResponse());
        }
    }

    private sealed class Records(Collector collector) : LogsService.LogsServiceBase
    {
        public override Task<LogsResponse> Export(LogsRequest request, ServerCallContext context)
        {
            foreach (var (resource, scope, record) in
                from resource in request.Resources from scope in resource.Scopes from record in scope.Records select (resource, scope, record))
            {
                collector._logs.Enqueue(new SeenLog(NameOf(resource.Resource), scope.Scope.Name, Hex(record.TraceId), record.Body?.StringValue ?? ""));
            }

            return Task.FromResult(new LogsResponse());
        }
    }
}
