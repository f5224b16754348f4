using System.Net;
using System.Net.Http.Json;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Community.EventStore.Tests;

public sealed class OverHttp
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<WebApplication> Host(Action? entered = null, string? database = null) => Store.Start(database, map: app => app.MapPost(
        "/numbers", async (Number number, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        {
            entered?.Invoke();
            var id = http.NewId(clock);
            var handled = await store.Handle(Speaker.Decider, id, new Say(number.Value, clock.GetUtcNow()), new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);
            http.SetVersion(handled.Version);

            return handled.Rejection is { } rejection ? (IResult)rejection.ToProblem() : TypedResults.Created($"/numbers/{id}", new { id, handled.Version });
        }));

    [Fact]
    public async Task The_same_key_and_body_gets_the_first_answer_also_a_hundred_times_at_once()
    {
        var entered = 0;
        await using var host = await Host(() => Interlocked.Increment(ref entered));
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Post(client, "key-1", 7)));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.StatusCode));
        Assert.Single(answers.Select(a => a.Headers.Location).Distinct());
        Assert.Single((await Task.WhenAll(answers.Select(a => a.Content.ReadAsStringAsync(Ct)))).Distinct());
        Assert.Equal(1, entered);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused_and_other_keys_make_other_things()
    {
        await using var host = await Host();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        var first = await Post(client, "key-1", 7);
        var other = await Post(client, "key-1", 8);
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("urn:community:idempotency-key-reused", await other.Content.ReadAsStringAsync(Ct));
        Assert.NotEqual(first.Headers.Location, (await Post(client, "key-2", 7)).Headers.Location);
        Assert.NotEqual(first.Headers.Location, (await Post(client, null, 7)).Headers.Location);
    }

    [Fact]
    public async Task A_request_repeated_after_a_crash_makes_the_same_thing()
    {
        var crashes = true;
        var database = await Servers.CreateDatabase("idempotency");
        await using var host = await Store.Start(database, map: app => app.MapPost("/numbers", async (Number number, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        {
            var id = http.NewId(clock);
            await store.Handle(Speaker.Decider, id, new Say(number.Value, clock.GetUtcNow()), ct);

            return crashes ? throw new InvalidOperationException("The process dies after the append and before the answer.") : TypedResults.Created($"/numbers/{id}");
        }));
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        Assert.Equal(HttpStatusCode.InternalServerError, (await Post(client, "key-1", 7)).StatusCode);
        crashes = false;
        var again = await Post(client, "key-1", 7);
        var id = Guid.Parse(again.Headers.Location!.ToString().Split('/')[^1]);
        Assert.Equal(2, (await host.Documents().Load(Speaker.Decider, id, null, Ct)).Version); // the same stream both times
    }

    [Fact]
    public async Task An_answer_that_refused_is_not_kept()
    {
        await using var host = await Host();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        Assert.Equal(HttpStatusCode.Conflict, (await Post(client, "key-1", -1)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await Post(client, "key-1", -1)).StatusCode);
    }

    [Fact]
    public async Task A_refused_request_may_be_mended_and_sent_again_under_its_key()
    {
        await using var host = await Host();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        Assert.Equal(HttpStatusCode.Conflict, (await Post(client, "key-1", -1)).StatusCode);
        var made = await Post(client, "key-1", 7);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        // From now on it is the key of that.
        Assert.Equal(made.Headers.Location, (await Post(client, "key-1", 7)).Headers.Location);
        Assert.Contains("urn:community:idempotency-key-reused", await (await Post(client, "key-1", 8)).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task A_request_that_is_refused_by_an_exception_may_be_mended_too()
    {
        var sent = 0;
        await using var host = await Store.Start(map: app => app.MapPost("/numbers", (Number number, HttpContext http, TimeProvider clock) => number.Value switch
        {
            1 => throw new BadHttpRequestException("No such number."),
            2 => throw new VersionConflictException(Guid.Empty, preconditionFailed: true),
            3 => throw new InvalidOperationException("It may have been done."),
            4 => throw (++sent == 1 ? new InvalidOperationException("It may have been done.") : (Exception)new BadHttpRequestException("Now it is refused.")),
            _ => TypedResults.Created($"/numbers/{http.NewId(clock)}")
        }));
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };

        foreach (var refused in new[] { 1, 2 })
        {
            Assert.False((await Post(client, $"key-{refused}", refused)).IsSuccessStatusCode); // what it is told as, is the service's to say
            Assert.Equal(HttpStatusCode.Created, (await Post(client, $"key-{refused}", 7)).StatusCode);
        }

        // What came of it is not known: the key stays that of this request.
        Assert.Equal(HttpStatusCode.InternalServerError, (await Post(client, "key-3", 3)).StatusCode);
        Assert.Contains("urn:community:idempotency-key-reused", await (await Post(client, "key-3", 7)).Content.ReadAsStringAsync(Ct));

        // Nor does a refusal tell what came of the first time.
        Assert.Equal(HttpStatusCode.InternalServerError, (await Post(client, "key-4", 4)).StatusCode);
        Assert.False((await Post(client, "key-4", 4)).IsSuccessStatusCode);
        Assert.Contains("urn:community:idempotency-key-reused", await (await Post(client, "key-4", 7)).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Of_many_at_once_under_a_key_of_which_some_are_refused_one_is_done()
    {
        var database = await Servers.CreateDatabase("idempotency");
        await using var one = await Host(database: database);
        await using var two = await Host(database: database);
        using var first = new HttpClient { BaseAddress = new Uri(one.Urls.First()) };
        using var second = new HttpClient { BaseAddress = new Uri(two.Urls.First()) };
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => Post(n % 2 == 0 ? first : second, "key-1", n % 3 == 0 ? 7 : -1)));
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict }));
        Assert.Single(answers.Where(answer => answer.StatusCode == HttpStatusCode.Created).Select(answer => answer.Headers.Location).Distinct());
    }

    [Fact]
    public async Task A_refusal_that_took_longer_than_the_lease_frees_nobody_elses_key()
    {
        var database = await Servers.CreateDatabase("idempotency");
        await using var replica = NpgsqlDataSource.Create(database);
        await using var host = await Host(
            () =>
            {
                using var lease = replica.CreateCommand("update idempotency_keys set leased_until = leased_until + interval '1 minute'");
                Assert.Equal(1, lease.ExecuteNonQuery());
            }, database);
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        Assert.Equal(HttpStatusCode.Conflict, (await Post(client, "key-1", -1)).StatusCode);
        Assert.Contains("urn:community:idempotency-key-reused", await (await Post(client, "key-1", 7)).Content.ReadAsStringAsync(Ct));
    }

    [Theory]
    [InlineData("\"7\"", HttpStatusCode.PreconditionFailed)]
    [InlineData("nonsense", HttpStatusCode.PreconditionFailed)]
    [InlineData("\"0\"", HttpStatusCode.Created)]
    [InlineData("*", HttpStatusCode.Created)]
    public async Task If_match_guards(string tag, HttpStatusCode expected)
    {
        await using var host = await Host();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/numbers") { Content = JsonContent.Create(new Number(1)) };
        request.Headers.TryAddWithoutValidation("If-Match", tag);
        var answer = await client.SendAsync(request, Ct);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task While_the_database_is_away_the_answer_is_503_and_afterwards_all_works_by_itself()
    {
        await using var postgres = await Servers.PrivatePostgres();
        await using var host = await Host(database: $"{postgres.ConnectionString};Database=postgres");
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.First()) };
        Assert.Equal(HttpStatusCode.Created, (await Post(client, null, 1)).StatusCode);

        await postgres.Stop();
        var away = await Post(client, null, 2);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
        Assert.NotNull(away.Headers.RetryAfter);

        await postgres.Start();
        await Eventually.True(async () => (await Post(client, null, 3)).StatusCode == HttpStatusCode.Created, "commands to work again");
    }

    private static Task<HttpResponseMessage> Post(HttpClient client, string? key, int value)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/numbers") { Content = JsonContent.Create(new Number(value)) };

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return client.SendAsync(request, Ct);
    }

    internal sealed record Number(int Value);
}
