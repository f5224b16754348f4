using System.Net.Http.Json;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Membership.Tests.Suspensions;

public sealed class SuspensionTests
{

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Who_is_suspended_is_refused_at_once_here_and_soon_everywhere_until_it_ends_by_itself()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var elsewhere = await AnotherService.Start(community);
        var (moderator, _) = await community.Join("moderator", "moderator");
        var (ann, id) = await community.Join("ann");
        var program = (await ann.PostAsJsonAsync("/tokens", new { name = "program", scopes = new[] { "read" } }, Ct).Ok(201)).Text("token");
        using var asProgram = community.Host.Client(program);
        var session = ann.DefaultRequestHeaders.Authorization!.Parameter!;
        Assert.Equal((200, 200), (await elsewhere.Ask(session), await elsewhere.Ask(program)));

        var until = community.Clock.GetUtcNow().AddMinutes(5);
        await Suspend(moderator, id, new { reason = "Spam.", until }).Ok(204);

        await ann.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await asProgram.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        using var anonymous = community.Host.Client();
        var told = await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Problem(403, "member-suspended");
        Assert.Equal("The account is suspended until 2026-05-01T12:05:00Z: Spam.", told.Text("detail"));
        Assert.Equal("suspended", (await anonymous.GetAsync($"/members/{id}", Ct).Ok(200)).Text("status"));
        // The other service's look at its table goes by the same clock.
        await Eventually.True(async () => await elsewhere.Tick() && await elsewhere.Ask(session) == 401 && await elsewhere.Ask(program) == 401, "the other service refuses her");
        Assert.Equal(200, await elsewhere.Ask(moderator.DefaultRequestHeaders.Authorization!.Parameter!));

        community.Clock.Advance(until - community.Clock.GetUtcNow());
        (await community.SignIn("ann@example.org")).Dispose();
        await asProgram.GetAsync("/members/me", Ct).Ok(200);
        var history = await Eventually.Value(
            async () =>
            {
                await elsewhere.Tick();
                using var again = await community.SignIn("ann@example.org");
                return (await again.GetAsync($"/members/{id}/history", Ct).Ok(200))["items"]!.AsArray().Select(item => (item!.Text("type"), item!["by"]?.GetValue<string>())).ToList();
            },
            items => items[^1].Item1 == "suspension-ended.v1", "the suspension ends by itself");
        Assert.Equal("time", history[^1].Item2);
        await Eventually.True(async () => await elsewhere.Tick() && await elsewhere.Ask(program) == 200, "the other service lets her in again");
        using var owner = await community.SignIn("owner@example.org");
        Assert.Equal("suspended", (await owner.GetAsync($"/members/{id}?asOf=2026-05-01T12:04:00Z", Ct).Ok(200)).Text("status"));
        ann.Dispose();
        moderator.Dispose();
    }

    [Fact]
    public async Task What_ended_while_nobody_ran_ends_once_whoever_starts()
    {
        var clock = new MovableClock(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
        string database;
        List<Guid> members = [];
        await using (var community = await MembershipService.SetUpAnother(clock: clock))
        {
            database = community.Host.Database;
            using var owner = await community.SignIn("owner@example.org");
            foreach (var name in new[] { "ann", "bob", "carl" })
            {
                var (client, id) = await community.Join(name);
                members.Add(id);
                await Suspend(owner, id, new { reason = "For an hour.", until = clock.GetUtcNow().AddHours(1) }).Ok(204);
                await owner.PutAsJsonAsync($"/members/{id}/tier", new { tier = "gold", until = clock.GetUtcNow().AddHours(1) }, Ct).Ok(204);
                client.Dispose();
            }
        }

        clock.Advance(TimeSpan.FromHours(2));
        var hosts = await Task.WhenAll(MembershipService.StartAnother(clock, database), MembershipService.StartAnother(clock, database));

        using var anonymous = hosts[0].Client();
        foreach (var id in members)
        {
            await using var store = hosts[1].Services.GetRequiredService<IDocumentStore>().QuerySession();
            var events = await Eventually.Value(
                async () =>
                {
                    clock.Advance(TimeSpan.FromSeconds(1));
                    return (await store.Events.FetchStreamAsync(id, token: Ct)).Select(e => e.EventTypeName).ToList();
                },
                types => types.Contains("tier-ended.v1"), "what is over ends");
            Assert.Equal(1, events.Count(type => type == "suspension-ended.v1"));
            Assert.Equal(1, events.Count(type => type == "tier-ended.v1"));
            Assert.Equal("active", (await anonymous.GetAsync($"/members/{id}", Ct).Ok(200)).Text("status"));
        }

        foreach (var host in hosts)
            await host.DisposeAsync();
    }

    [Fact]
    public async Task Who_may_suspend_whom()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (plain, plainId) = await community.Join("plain", "creator");
        var (moderator, moderatorId) = await community.Join("moderator", "moderator");
        var (_, colleague) = await community.Join("colleague", "moderator");
        var (_, operatorId) = await community.Join("operator", "operator");
        using var owner = await community.SignIn("owner@example.org");
        object body = new { reason = "Spam." };

        await Suspend(plain, moderatorId, body).Problem(403, "forbidden");
        await Suspend(moderator, moderatorId, body).Problem(409, "not-oneself");
        await Suspend(moderator, colleague, body).Problem(403, "forbidden");
        await Suspend(moderator, operatorId, body).Problem(403, "forbidden");
        await Suspend(moderator, community.Owner, body).Problem(403, "forbidden");
        await Suspend(moderator, Guid.Empty, body).Problem(404, "not-found");
        await Suspend(owner, operatorId, body).Ok(204);
        await moderator.DeleteAsync($"/members/{operatorId}/suspension", Ct).Problem(403, "forbidden");
        await owner.DeleteAsync($"/members/{operatorId}/suspension", Ct).Ok(204);
        await owner.DeleteAsync($"/members/{operatorId}/suspension", Ct).Ok(204);
        await Suspend(moderator, plainId, new { reason = " " }).Problem(400, "validation-failed");
        await Suspend(moderator, plainId, new { }).Problem(400, "validation-failed");
        await Suspend(moderator, plainId, new { reason = "Then.", until = "2020-01-01T00:00:00Z" }).Problem(400, "validation-failed");
        await plain.GetAsync("/members/me", Ct).Ok(200);
        await Suspend(moderator, plainId, body).Ok(204);
        await plain.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
    }

    private static Task<HttpResponseMessage> Suspend(HttpClient client, Guid id, object body) => client.PostAsJsonAsync($"/members/{id}/suspension", body, Ct);
}
