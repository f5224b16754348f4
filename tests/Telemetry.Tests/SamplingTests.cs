using System.Diagnostics;
using System.Globalization;
using Community.ServiceDefaults;
using Community.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Community.Telemetry.Tests;

/// <summary>Which traces are exported: so many each second, and all that failed or was slow.</summary>
public sealed class SamplingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_burst_of_good_requests_gives_as_many_whole_traces_as_the_rate_allows_and_no_log_lines()
    {
        await using var collector = await Collector.Start();

        await using (var service = await Sample.Start(collector, perSecond: 5))
        {
            await service.Get(50, "/first");
            service.Clock.Advance(TimeSpan.FromSeconds(1));
            await service.Get(50, "/second");
            service.Clock.Advance(TimeSpan.FromMilliseconds(400));
            await service.Get(50, "/third");
            service.Clock.Advance(TimeSpan.FromDays(1)); // a quiet day saves nothing up
            await service.Get(50, "/fourth");
        }

        Assert.Equal(
            [("GET /first", 5), ("GET /fourth", 5), ("GET /second", 5), ("GET /third", 2), ("select", 17)],
            collector.Spans.CountBy(span => span.Name).Select(named => (named.Key, named.Value)).OrderBy(named => named.Key, StringComparer.Ordinal));
        // Each statement within a request, and each request with its statement.
        Assert.Equal(17, collector.Spans.Select(span => span.TraceId).Distinct().Count());
        Assert.All(collector.Spans, span => Assert.Equal(span.Name == "select", collector.Spans.Any(request => request.Id == span.ParentId)));
        Assert.All(collector.Spans, span => Assert.Empty(span.Because));
        Assert.DoesNotContain(collector.Logs, log => log.TraceId.Length > 0);
    }

    [Fact]
    public async Task Ten_traces_a_second_unless_told_otherwise()
    {
        await using var collector = await Collector.Start();

        await using (var service = await Sample.Start(collector, perSecond: null))
        {
            await service.Get(100, "/first");
        }

        Assert.Equal(10, collector.Spans.Count(span => span.Name == "GET /first"));
    }

    [Fact]
    public async Task What_failed_and_what_was_slow_is_always_exported_alone_and_says_why()
    {
        await using var collector = await Collector.Start();

        await using (var service = await Sample.Start(collector, perSecond: 0))
        {
            await service.Get(20, "/first");
            await service.Get(20, "/throws", 500);
            await service.Get(20, "/answers-503", 503);
            await service.Get(20, "/refuses", 409);
            await service.Get(20, "/slow");
            Sample.WorkInTheBackground(fails: false);
            Sample.WorkInTheBackground(fails: true);
        }

        Assert.Equal(
            [("GET /answers-503", "failed", 20), ("GET /slow", "slow", 20), ("GET /throws", "failed", 20), ("work", "failed", 1)],
            collector.Spans.CountBy(span => (span.Name, span.Because)).Select(seen => (seen.Key.Name, seen.Key.Because, seen.Value)).Order());
    }

    [Fact]
    public async Task A_service_that_is_called_follows_its_caller()
    {
        await using var collector = await Collector.Start();
        var (taken, left, begun) = (Watching.Hex(16), Watching.Hex(16), new List<string>());

        await using (var service = await Sample.Start(collector, perSecond: 1))
        {
            foreach (var (trace, flags) in new[] { (left, "00"), (taken, "01"), (left, "00"), (taken, "01") })
            {
                // What the called one is told by the caller in between.
                var told = await service.Get("/calls", $"00-{trace}-{Watching.Hex(8)}-{flags}");
                Assert.Equal((trace, flags), (told.Split('-')[1], told.Split('-')[3]));
            }

            // The first takes the only token of its second, the others none, and all of a trace is alike.
            for (var i = 0; i < 3; i++)
            {
                var told = await service.Get("/calls");
                Assert.Equal(i == 0 ? "01" : "00", told.Split('-')[3]);
                begun.Add(told.Split('-')[1]);
            }
        }

        Assert.Equal(3, begun.Distinct().Count());
        Assert.Equal(
            [(taken, "GET", 2), (taken, "GET /called", 2), (taken, "GET /calls", 2), (begun[0], "GET", 1), (begun[0], "GET /called", 1), (begun[0], "GET /calls", 1)],
            collector.Spans.CountBy(span => (span.TraceId, span.Name)).Select(seen => (seen.Key.TraceId, seen.Key.Name, seen.Value))
                .OrderBy(seen => seen.TraceId != taken).ThenBy(seen => seen.Name, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_caller_who_says_that_all_its_requests_are_traced_is_believed_up_to_ten_times_the_rate()
    {
        await using var collector = await Collector.Start();

        await using (var service = await Sample.Start(collector, perSecond: 2))
        {
            var trace = Watching.Hex(16);

            for (var i = 0; i < 100; i++)
            {
                await service.Get("/first", $"00-{trace}-{Watching.Hex(8)}-01");
            }

            await service.Get(100, "/second");
        }

        Assert.Equal((20, 2), (collector.Spans.Count(span => span.Name == "GET /first"), collector.Spans.Count(span => span.Name == "GET /second")));
    }

    [Fact]
    public async Task Messages_and_projections_follow_the_request_and_a_message_that_failed_is_always_exported()
    {
        await using var services = await WatchedServices.Start(perSecond: 0);
        await using var neighbours = await services.Neighbours();
        await services.PastIsConsumed();
        var (left, taken, caller) = (Watching.Hex(16), Watching.Hex(16), Watching.Hex(8));

        // The one that is not sampled comes first, and is done when the other is.
        await services.OpenTopic($"00-{left}-{Watching.Hex(8)}-00");
        await Eventually.Value(() => services.StoredTraces("analytics"), traces => traces.Contains(left), "the event of analytics in the trace that is not sampled");
        await services.OpenTopic($"00-{taken}-{caller}-01");
        var chain = await Eventually.Value(
            () => Task.FromResult(Watching.Chain(services.Collector, taken)), spans => spans is [.., var first] && first.ParentId == caller,
            "a chain of spans from the projection to the request");
        Assert.Equal(["analytics", "content"], chain.Select(span => span.Service).Distinct());
        await Eventually.True(
            () => Task.FromResult(services.Collector.Spans.Any(span => span.Id == chain[0].Links.Single().SpanId)), "the page of the projection, which no rate has taken");
        Assert.DoesNotContain(services.Collector.Spans, span => span.TraceId == left && span.Because.Length == 0);

        await services.LoseInbox("analytics");
        await services.OpenTopic($"00-{left}-{Watching.Hex(8)}-00");
        var failed = await Eventually.Value(
            () => Task.FromResult(services.Collector.Spans.FirstOrDefault(span => span.TraceId == left && span.Because == "failed")), span => span is not null, "the message that failed");
        Assert.Equal(("analytics", "MassTransit"), (failed!.Service, failed.Scope));
    }

    /// <summary>A small service in this process, on a clock that stands until it is told.</summary>
    private sealed class Sample : IAsyncDisposable
    {
        private static readonly ActivitySource Activities = new("Community.Telemetry.Tests");
        private readonly WebApplication _app;
        // One connection, whose requests follow one another, and no spans of its own.
        private readonly HttpClient _visitor = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, MaxConnectionsPerServer = 1 });

        private Sample(WebApplication app, FakeTimeProvider clock) => (_app, Clock) = (app, clock);

        public FakeTimeProvider Clock { get; }

        public static async Task<Sample> Start(Collector collector, int? perSecond)
        {
            var clock = new FakeTimeProvider(new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
            var builder = WebApplication.CreateBuilder();
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
                ["Tracing:PerSecond"] = perSecond?.ToString(CultureInfo.InvariantCulture),
                ["Tracing:SlowSeconds"] = "30"
            });
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSingleton<TimeProvider>(clock);
            builder.AddServiceDefaults();
            var app = builder.Build();
            app.MapServiceDefaults();
            Map(app);
            await app.StartAsync(Ct);

            return new(app, clock);
        }

        public async Task<string> Get(string path, string? traceparent = null, int status = 200)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _app.Urls.Single() + path);

            if (traceparent is not null)
            {
                request.Headers.Add("traceparent", traceparent);
            }

            using var answer = await _visitor.SendAsync(request, Ct);
            Assert.Equal(status, (int)answer.StatusCode);

            return await answer.Content.ReadAsStringAsync(Ct);
        }

        public async Task Get(int times, string path, int status = 200)
        {
            for (var i = 0; i < times; i++)
            {
                await Get(path, null, status);
            }
        }

        public static void WorkInTheBackground(bool fails)
        {
            using var work = Activities.StartActivity("work");
            Read();

            if (fails)
            {
                work?.SetStatus(ActivityStatusCode.Error);
            }
        }

        /// <summary>Ends when all requests have, and all that is to be exported is at the collector.</summary>
        public async ValueTask DisposeAsync()
        {
            await _app.StopAsync(Ct);
            await _app.DisposeAsync();
            _visitor.Dispose();
        }

        private static void Map(WebApplication app)
        {
            foreach (var path in new[] { "/first", "/second", "/third", "/fourth" })
            {
                app.MapGet(path, Read);
            }

            app.MapGet("/throws", string () =>
            {
                Read();
                throw new InvalidOperationException("as asked");
            });
            app.MapGet("/answers-503", () => TypedResults.StatusCode(503));
            app.MapGet("/refuses", () => TypedResults.StatusCode(409));
            app.MapGet("/slow", () =>
            {
                Read();
                var request = Activity.Current!;
                request.SetStartTime(request.StartTimeUtc.AddMinutes(-1)); // as if it had begun before
            });
            app.MapGet("/called", (HttpRequest request) => request.Headers.TraceParent.ToString());
            app.MapGet("/calls", (HttpRequest request, HttpClient http, CancellationToken ct) => http.GetStringAsync($"http://{request.Host}/called", ct));
        }

        private static void Read() => Activities.StartActivity("select", ActivityKind.Client)?.Dispose();
    }
}
