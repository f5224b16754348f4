using Community.Testing;
using Xunit.Sdk;
using Xunit.v3;

// A service that is watched in this process would export what the other tests do beside it.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Community.Telemetry.Tests;

public sealed class Watching
{
    private const string Queue = "analytics-record-facts";
    private const string Shard = "member-days:All";

    [Fact]
    public async Task A_request_is_one_trace_to_the_projection_of_another_service()
    {
        await using var services = await WatchedServices.Start();
        await using var neighbours = await services.Neighbours();
        await services.PastIsConsumed();
        var (trace, caller) = (Hex(16), Hex(8));
        await services.OpenTopic($"00-{trace}-{caller}-01");

        // From the read model back to who asked: each span's parent is another's that the collector has, the last one's the caller.
        var chain = await Eventually.Value(
            () => Task.FromResult(Chain(services.Collector, trace)), spans => spans is [.., var first] && first.ParentId == caller,
            "a chain of spans from the projection to the request");
        Assert.Equal(
            [
                ("analytics", "Community.EventStore", "project member-days"),
                ("analytics", "MassTransit", $"{Queue} process"),
                ("analytics", "MassTransit", $"{Queue} receive"),
                ("content", "MassTransit", "Community.Content.Contracts:TopicOpened send"),
                ("content", "Community.Messaging", "relay TopicOpened"),
                ("content", "Microsoft.AspNetCore", "POST /topics/")
            ],
            chain.Select(span => (span.Service, span.Scope, span.Name)));

        // The appends of both services, and the page in which the projection did it.
        var spans = await Eventually.Value(
            () => Task.FromResult(services.Collector.Spans),
            spans => spans.Any(span => span.Name == "marten.member-days.all.page.execution" && span.Links.Any(link => link.TraceId == trace)), "the page of the projection, linked to the trace");
        var page = spans.Single(span => span.Name == "marten.member-days.all.page.execution" && span.Links.Any(link => link == (trace, chain[1].Id)));
        Assert.Equal([(page.TraceId, page.Id)], chain[0].Links);
        Assert.NotEqual(trace, page.TraceId);
        Assert.Contains(spans, span => span.Service == "content" && IsAppend(span) && span.TraceId == trace && span.ParentId == chain[^1].Id);
        Assert.Contains(spans, span => span.Service == "analytics" && IsAppend(span) && span.TraceId == trace && span.ParentId == chain[1].Id);

        // Logs on both sides carry it; and looking for work is no trace.
        foreach (var (service, scope) in new[] { ("content", "Microsoft.AspNetCore.Hosting"), ("analytics", "MassTransit") })
        {
            await Eventually.True(
                () => Task.FromResult(services.Collector.Logs.Any(log =>
                    log.Service == service && log.TraceId == trace && log.Scope.StartsWith(scope, StringComparison.Ordinal))), $"a log line of {service} with the trace");
        }

        Assert.DoesNotContain(services.Collector.Spans, span => span.Name == "marten.daemon.highwatermark");
    }

    [LongFact]
    public async Task A_trace_goes_on_from_service_to_service_also_where_nobody_collects_it()
    {
        await using var services = await WatchedServices.Start(exported: false);
        await using var neighbours = await services.Neighbours();
        var trace = Hex(16);
        await services.OpenTopic($"00-{trace}-{Hex(8)}-01");
        await Eventually.Value(
            () => services.StoredTraces("analytics"), traces => traces.Contains(trace), "the event of analytics in the trace of the request");
        Assert.Empty(services.Collector.Spans);
    }

    [LongFact]
    public async Task Lag_is_seen_growing_and_gone()
    {
        await using var services = await WatchedServices.Start();
        await services.Figure("content", "community.projection.lag.events", "relay:All", events => events == 0);

        // Nobody has told analytics the past of the others yet: what is live has to wait.
        await services.OpenTopic();
        await services.Figure("analytics", "community.queue.lag.messages", Queue, messages => messages >= 1);
        var seconds = await services.Figure("analytics", "community.queue.lag.seconds", Queue, seconds => seconds > 0);
        await services.Figure("analytics", "community.queue.lag.seconds", Queue, later => later > seconds);
        var (code, status) = await services.Status("analytics", "operator");
        Assert.Equal(200, code);
        Assert.Equal("degraded", (string?)status!["status"]);
        Assert.True((long?)status["queues"]!.AsArray().Single(queue => (string?)queue!["queue"] == Queue)!["messages"] >= 1, status.ToJsonString());

        await using var neighbours = await services.Neighbours();
        await services.Figure("analytics", "community.queue.lag.messages", Queue, messages => messages == 0);
        await services.Figure("analytics", "community.queue.lag.seconds", Queue, seconds => seconds == 0);
        await services.Figure("analytics", "community.queue.delay", Queue, count => count >= 1);
        await services.Figure("analytics", "community.projection.lag.events", Shard, events => events == 0);

        // Each of them has its figures, in the service and where they are collected.
        foreach (var told in new[] { "content", "analytics" })
        {
            (_, status) = await services.Status(told, "operator");
            var (shards, queues) = (status!["shards"]!.AsArray(), status["queues"]!.AsArray());
            Assert.True(shards.Count >= 2 && queues.Count >= 2, status.ToJsonString());

            foreach (var shard in shards.Select(shard => (string)shard!["shard"]!))
            {
                await services.Figure(told, "community.projection.lag.events", shard, events => events >= 0);
                await services.Figure(told, "community.projection.lag.seconds", shard, seconds => seconds >= 0);
            }

            foreach (var queue in queues.Select(queue => (string)queue!["queue"]!))
            {
                await services.Figure(told, "community.queue.lag.messages", queue, messages => messages >= 0);
                await services.Figure(told, "community.queue.lag.seconds", queue, seconds => seconds >= 0);
            }
        }

        // What nobody can read is set aside.
        await services.Garble(Queue);
        await services.Figure("analytics", "community.queue.errors", Queue, errors => errors == 1);

        // No broker: the relay falls behind, and nothing else.
        await services.Broker.Stop();
        await services.OpenTopic();
        await services.Figure("content", "community.projection.lag.events", "relay:All", events => events >= 1);
        seconds = await services.Figure("content", "community.projection.lag.seconds", "relay:All", seconds => seconds > 0);
        await services.Figure("content", "community.projection.lag.seconds", "relay:All", later => later > seconds);
        await services.Figure("content", "community.projection.paused", "relay:All", paused => paused == 0);
        (_, status) = await services.Status("content", "owner");
        Assert.Null(status!["queues"]);
        Assert.True((long?)status["shards"]!.AsArray().Single(shard => (string?)shard!["shard"] == "relay:All")!["events"] >= 1, status.ToJsonString());
        Assert.Equal(403, (await services.Status("content", "moderator")).Code);

        await services.Broker.Start();
        await services.Figure("content", "community.projection.lag.events", "relay:All", events => events == 0);
        await services.Figure("content", "community.projection.lag.seconds", "relay:All", seconds => seconds == 0);
        await services.Figure("analytics", "community.queue.lag.messages", Queue, messages => messages == 0);
    }

    private static bool IsAppend(SeenSpan span) => span.Scope == "Npgsql" && span.Statement.Contains("mt_quick_append_events", StringComparison.Ordinal);

    /// <summary>From what a projection did for a trace back to what caused it.</summary>
    internal static IReadOnlyList<SeenSpan> Chain(Collector collector, string trace)
    {
        var spans = collector.Spans.Where(span => span.TraceId == trace).DistinctBy(span => span.Id).ToDictionary(span => span.Id);
        var chain = new List<SeenSpan>();

        for (var span = spans.Values.FirstOrDefault(span => span.Name == "project member-days"); span is not null; span = spans.GetValueOrDefault(span.ParentId))
        {
            chain.Add(span);
        }

        return chain;
    }

    internal static string Hex(int bytes) => Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(bytes));
}
