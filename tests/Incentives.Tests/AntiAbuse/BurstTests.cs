using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Membership.Contracts;

namespace Community.Incentives.Tests.AntiAbuse;

public sealed class BurstTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset Noon = new(2026, 4, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_many_new_accounts_do_for_one_member_is_held_until_an_operator_has_looked_at_it()
    {
        var (author, other, old) = (IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId());
        var fresh = Enumerable.Range(0, 10).Select(_ => IncentivesHost.NewId()).ToList();
        await Say([new MemberJoined(old, Noon.AddYears(-1), false), .. fresh.Select(one => (object)new MemberJoined(one, Noon.AddHours(-1), false))]);
        await Say([Vote(old, author), .. fresh.Take(9).Select(one => Vote(one, author)), Vote(fresh[0], other)]);
        Assert.Equal((100, 10), (await Balance(author), await Balance(other))); // nine are not too many
        using var own = incentives.Member(author);
        var entries = (await own.GetFromJsonAsync<JsonElement>($"/members/{author}/points/entries")).GetProperty("items").EnumerateArray().ToList();
        Assert.All(entries, entry => Assert.Equal("vote", entry.GetProperty("cause").GetString())); // its id could be tried on each member

        var last = Vote(fresh[9], author);
        await Say(last);
        await Say(Vote(old, other)); // one more page of the log, after what was held
        Assert.Equal((10, 20), (await Balance(author), await Balance(other))); // an old account's vote stays, and what was for another

        using var staff = incentives.Operator;
        var held = (await staff.GetFromJsonAsync<JsonElement>("/held-causes?limit=100")).GetProperty("items").EnumerateArray().Where(one => one.GetProperty("memberId").GetGuid() == author).ToList();
        Assert.Equal(10, held.Count);
        Assert.All(held, one => Assert.Equal("burst", one.GetProperty("because").GetString()));

        // One stays held, and waits for nobody any more.
        var kept = held.Select(one => one.GetProperty("cause").GetString()!).First(cause => cause != $"vote/{last.VoteId}");
        Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsJsonAsync("/held-causes/confirmations", new { cause = kept, reason = "A ring." })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await staff.PostAsJsonAsync("/held-causes/confirmations", new { cause = "vote/unknown", reason = "None" })).StatusCode);
        await incentives.Settled();
        Assert.DoesNotContain(await Waiting(""), one => one.GetProperty("cause").GetString() == kept);
        Assert.Contains(await Waiting("&confirmed=true"), one => one.GetProperty("cause").GetString() == kept && one.GetProperty("confirmed").GetBoolean());
        using var released = await staff.PostAsJsonAsync("/held-causes/releases", new { cause = $"vote/{last.VoteId}", reason = "A class that was sent here." });
        Assert.Equal(HttpStatusCode.NoContent, released.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await staff.PostAsJsonAsync("/held-causes/releases", new { cause = "vote/unknown", reason = "None" })).StatusCode);
        await incentives.Settled();
        Assert.Equal(20, await Balance(author));
        Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsJsonAsync("/held-causes/releases", new { cause = kept, reason = "No ring." })).StatusCode);
        await incentives.Settled();
        Assert.Equal(30, await Balance(author));

        async Task<List<JsonElement>> Waiting(string which) =>
            [.. (await staff.GetFromJsonAsync<JsonElement>($"/held-causes?limit=100{which}")).GetProperty("items").EnumerateArray()];
    }

    [Fact]
    public async Task The_age_of_an_account_that_is_erased_is_forgotten_whichever_is_told_first()
    {
        var (member, early) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await Say(new MemberJoined(member, Noon, false), new MemberErased(early, 2, Noon));
        await Say(new MemberErased(member, 2, Noon), new MemberJoined(early, Noon, false));

        Assert.Equal(0, await incentives.Scalar<long>("select count(*) from account_ages where member_id = any($1) and joined_at > '-infinity'", new[] { member, early }));
    }

    private static VoteCast Vote(Guid voter, Guid author) => new(IncentivesHost.NewId(), "reply", IncentivesHost.NewId(), author, voter, 1, Noon, Imported: false);

    private async Task<long> Balance(Guid member) => (await incentives.Points(member)).GetProperty("balance").GetInt64();

    private async Task Say(params object[] facts)
    {
        var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
        await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
        await incentives.Consumed(messages.ConvertAll(message => message.Id));
    }
}
