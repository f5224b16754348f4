using System.Net.Http.Json;
using System.Text.Json;
using Community.Oracle;
using Community.Testing;
using Npgsql;
using OraclePeriod = Community.Oracle.Period;

namespace Community.Analytics.Tests;

/// <summary>The service on real servers, with the other services played by a neighbour.</summary>
public sealed class AnalyticsHost : IAsyncLifetime
{
    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private Neighbour? _neighbour;

    public Issuer Issuer => _issuer ?? throw new InvalidOperationException();

    public ServiceHost<Program> Host => _host ?? throw new InvalidOperationException();

    public Neighbour Neighbour => _neighbour ?? throw new InvalidOperationException();

    public HttpClient Operator => Host.Client(Issuer.Token(NewId(), "operator"));

    public async ValueTask InitializeAsync()
    {
        _issuer = await Issuer.Start();
        _host = await ServiceHost<Program>.Start("analytics", _issuer);
        _neighbour = await Neighbour.Start(_host.Messaging, ["content", "payments", "membership"]);
    }

    public async ValueTask DisposeAsync()
    {
        await Neighbour.DisposeAsync();
        await Host.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public HttpClient Member(Guid id) => Host.Client(Issuer.Token(id, "member"));

    public async Task Publish(IEnumerable<(Guid Id, object Fact)> messages)
    {
        foreach (var batch in messages.Chunk(200))
        {
            await Task.WhenAll(batch.Select(message => Neighbour.Publish(message.Id, message.Fact)));
        }
    }

    /// <summary>Waits until the messages with these ids are in the inbox.</summary>
    public Task Consumed(IReadOnlyCollection<Guid> messages) => Eventually.Value(
        async () => await Scalar<long>("select count(distinct message_id) from inbox where message_id = any($1)", messages.ToArray()),
        count => count == messages.Count, $"{messages.Count} messages to be consumed");

    /// <summary>Waits until every activity, joining and payment in the log is in the read models.</summary>
    public Task Projected() => Eventually.True(
        async () => await Scalar<bool>(
            """
            select coalesce((select last_seq_id from mt_event_progression where name = 'member-days:All'), 0)
                >= coalesce((select max(seq_id) from mt_events where type in ('activity-recorded.v1', 'member-join-recorded.v1', 'payment-recorded.v1')), 0)
            """), "the read models to be up to date");

    public async Task<T> Scalar<T>(string sql, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(Host.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>All figures for the range, each against its independent computation.</summary>
    internal async Task AssertFigures(IReadOnlyList<Triple> triples, DateOnly? from = null, DateOnly? to = null)
    {
        using var client = Operator;
        var range = (from is null ? "" : $"&from={from:yyyy-MM-dd}") + (to is null ? "" : $"&to={to:yyyy-MM-dd}");

        foreach (var period in Enum.GetValues<OraclePeriod>())
        {
            var name = period.ToString().ToLowerInvariant();
            var activity = await client.GetFromJsonAsync<JsonElement>($"/activity?period={name}{range}");
            Assert.Equal(
                Expected.Activity(triples, period, from, to).Select(p => $"{p.Start:yyyy-MM-dd} {p.Active} {Counts(p.Counts.Select(c => (c.Key, (long)c.Value)))}"),
                Items(activity, "periods").Select(p => $"{Start(p)} {Number(p, "active")} {Counts(p.GetProperty("counts").EnumerateObject().Select(c => (c.Name, c.Value.GetInt64())))}"));
            Assert.Equal(
                Expected.Stickiness(triples, from, to).Select(m => $"{m.Start:yyyy-MM-dd} {m.Dau:F9} {m.Mau} {m.Stickiness:F9}"),
                Items(activity, "stickiness").Select(m => $"{Start(m)} {m.GetProperty("dau").GetDouble():F9} {Number(m, "mau")} {m.GetProperty("stickiness").GetDouble():F9}"));

            if (period == OraclePeriod.Day)
            {
                continue;
            }

            foreach (var (mode, spelled) in new[] { (RetentionMode.On, "on"), (RetentionMode.OnOrAfter, "onOrAfter") })
            {
                var retention = await client.GetFromJsonAsync<JsonElement>($"/retention?period={name}&mode={spelled}{range}");
                Assert.Equal(
                    Expected.Retention(triples, period, from, to, mode).Select(c => $"{c.Start:yyyy-MM-dd} {c.Size} {string.Join(' ', c.Active)}"),
                    Items(retention, "cohorts").Select(c => $"{Start(c)} {Number(c, "size")} {string.Join(' ', Items(c, "active"))}"));
                Assert.All(Items(retention, "cohorts"), c => Assert.Equal(Number(c, "size"), Items(c, "active").First().GetInt64()));
            }

            var lifecycle = await client.GetFromJsonAsync<JsonElement>($"/lifecycle?period={name}{range}");
            Assert.Equal(
                Expected.Lifecycle(triples, period, from, to).Select(p => $"{p.Start:yyyy-MM-dd} {p.New} {p.Returning} {p.Resurrecting} {p.Dormant}"),
                Items(lifecycle, "periods").Select(p => $"{Start(p)} {Number(p, "new")} {Number(p, "returning")} {Number(p, "resurrecting")} {Number(p, "dormant")}"));

            if (range.Length == 0)
            {
                AssertBalance(Items(activity, "periods"), Items(lifecycle, "periods"));
            }
        }
    }

    // active(t) = active(t-1) + new + resurrecting - dormant
    private static void AssertBalance(IEnumerable<JsonElement> activity, IEnumerable<JsonElement> lifecycle)
    {
        long before = 0;

        foreach (var (period, moves) in activity.Zip(lifecycle))
        {
            Assert.Equal(Number(period, "active"), before + Number(moves, "new") + Number(moves, "resurrecting") - Number(moves, "dormant"));
            before = Number(period, "active");
        }
    }

    private static string Counts(IEnumerable<(string Kind, long Count)> counts) =>
        string.Join(' ', counts.OrderBy(c => c.Kind, StringComparer.Ordinal).Select(c => $"{c.Kind}={c.Count}"));

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string list) => element.GetProperty(list).EnumerateArray();

    private static string? Start(JsonElement element) => element.GetProperty("start").GetString();

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
