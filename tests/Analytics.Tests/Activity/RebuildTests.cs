using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Oracle;
using Community.Testing;
using Npgsql;

namespace Community.Analytics.Tests.Activity;

public sealed class RebuildTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly DateTimeOffset Past = new(2021, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Live = new(2023, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Figures_are_served_without_a_hole_while_their_read_model_is_built_anew_and_mended_after()
    {
        var past = Facts(Past, 800);
        await Tell(past);
        await analytics.Projected();
        using var client = analytics.Operator;
        var ask = new[] { "/retention?period=month&to=2021-04-20", "/lifecycle?period=week&to=2021-04-20", "/activity?period=day&to=2021-04-20" };
        var right = await Task.WhenAll(ask.Select(path => client.GetStringAsync(path, Ct)));

        await using (var connection = new NpgsqlConnection(analytics.Host.Database))
        {
            await connection.OpenAsync(Ct);
            await using var damage = new NpgsqlCommand(
                "delete from member_days where day = '2021-03-05'; delete from member_periods where start = '2021-03-08' or period = 'month' and start = '2021-04-01'; update retention_cells set active = active + 1",
                connection);
            Assert.True(await damage.ExecuteNonQueryAsync(Ct) > 0);
        }

        var broken = await Task.WhenAll(ask.Select(path => client.GetStringAsync(path, Ct)));
        Assert.All(broken.Zip(right), pair => Assert.NotEqual(pair.Second, pair.First));

        using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var live = Facts(Live, 600);
        var telling = Tell(live);
        var reading = ask.Select((path, i) => Task.Run(() => ReadPast(path, broken[i], right[i], over.Token), Ct))
            .Append(Task.Run(() => ReadLive(over.Token), Ct)).ToList();

        using var asked = await client.PostAsync("/projections/member-days/rebuilds", null, Ct);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var rebuild = await Eventually.Value(
            () => client.GetFromJsonAsync<JsonElement>(asked.Headers.Location, Ct), r => r.GetProperty("endedAt").ValueKind == JsonValueKind.String, "the rebuild to end");
        Assert.Equal("finished", rebuild.GetProperty("status").GetString());
        await telling;
        await analytics.Projected();
        await over.CancelAsync();
        await Task.WhenAll(reading);

        Assert.Equal(right, await Task.WhenAll(ask.Select(path => client.GetStringAsync(path, Ct))));
        await analytics.AssertFigures([.. past.Concat(live).Select(f => new Triple(f.Fact.MemberId.ToString(), f.Fact.At, "view"))]);
    }

    [Fact]
    public async Task A_rebuild_is_for_operators()
    {
        using var member = analytics.Member(AnalyticsHost.NewId());
        using var nobody = analytics.Host.Client();
        Assert.Equal(HttpStatusCode.Forbidden, (await member.PostAsync("/projections/member-days/rebuilds", null, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await member.GetAsync("/projections", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/projections/member-days/rebuilds", null, Ct)).StatusCode);
    }

    // What the writers tell lies outside: the answer is that of the broken read model until the new one serves, and then the
    // right one for ever.
    private async Task ReadPast(string path, string broken, string right, CancellationToken over)
    {
        using var client = analytics.Operator;
        var mended = false;

        while (!over.IsCancellationRequested)
        {
            var answer = await client.GetStringAsync(path, Ct);
            mended |= answer == right;
            Assert.Equal(mended ? right : broken, answer);
        }

        Assert.True(mended);
    }

    private async Task ReadLive(CancellationToken over)
    {
        using var client = analytics.Operator;
        long seen = 0;

        while (!over.IsCancellationRequested)
        {
            var answer = await client.GetFromJsonAsync<JsonElement>("/activity?period=month&from=2023-01-01", Ct);
            var views = answer.GetProperty("periods").EnumerateArray().Sum(p => p.GetProperty("counts").TryGetProperty("view", out var n) ? n.GetInt64() : 0);
            Assert.True(views >= seen, $"After {seen} views an answer had {views}.");
            seen = views;
        }
    }

    private static List<(Guid Id, ContentViewed Fact)> Facts(DateTimeOffset from, int count)
    {
        var members = Enumerable.Range(0, 40).Select(_ => AnalyticsHost.NewId()).ToList();
        var random = new Random(1);

        return [.. Enumerable.Range(0, count).Select(_ => (
            AnalyticsHost.NewId(), new ContentViewed(AnalyticsHost.NewId(), members[random.Next(members.Count)], from.AddDays(random.Next(60)))))];
    }

    private async Task Tell(IReadOnlyList<(Guid Id, ContentViewed Fact)> facts)
    {
        await analytics.Publish(facts.Select(f => (f.Id, (object)f.Fact)));
        await analytics.Consumed([.. facts.Select(f => f.Id)]);
    }
}
