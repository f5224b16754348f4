using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Rewards;

public sealed class RewardTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset Past = new(2025, 3, 3, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Of_a_hundred_who_want_the_last_three_three_get_one_and_pay_and_each_reads_a_code_of_their_own()
    {
        var reward = await Offer(new { name = "Licence", kind = "digital", points = 10, codes = new[] { "A", "B", "C" } });
        var members = Enumerable.Range(0, 100).Select(_ => IncentivesHost.NewId()).ToList();
        await Task.WhenAll(members.Chunk(10).Select(async some =>
        {
            using var staff = incentives.Operator;

            foreach (var member in some)
            {
                using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 10, reason = "A gift" });
                Assert.Equal(HttpStatusCode.Created, given.StatusCode);
            }
        }));

        var answers = await Task.WhenAll(members.Select(async member =>
        {
            using var client = incentives.Member(member);
            using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = reward });

            return (member, answer.StatusCode, Body: await answer.Content.ReadFromJsonAsync<JsonElement>());
        }));
        var lucky = answers.Where(answer => answer.StatusCode == HttpStatusCode.Created).ToList();
        Assert.Equal(3, lucky.Count);
        Assert.Equal(["A", "B", "C"], lucky.Select(answer => answer.Body.GetProperty("code").GetString()).Order());
        Assert.All(lucky, answer => Assert.Equal("fulfilled", answer.Body.GetProperty("status").GetString()));
        Assert.All(answers.Except(lucky), answer => Assert.Equal("urn:community:out-of-stock", answer.Body.GetProperty("type").GetString()));
        Assert.Equal(0, (await incentives.Points(lucky[0].member)).GetProperty("balance").GetInt64());
        Assert.Equal(97 * 10, await incentives.Scalar<long>("select sum(balance)::bigint from points_balances where member_id = any($1)", members.ToArray()));
    }

    [Fact]
    public async Task What_is_sent_has_an_address_until_it_was_sent_and_a_cancellation_gives_points_and_stock_back()
    {
        var reward = await Offer(new { name = "T-shirt", kind = "physical", points = 10, stock = 1, perMember = 1 });
        var (member, reply) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        using var client = incentives.Member(member);
        using var other = incentives.Member(IncentivesHost.NewId());
        using var staff = incentives.Operator;
        await Refused(new { rewardId = reward, address = "Somewhere 1" }, 409, "too-few-points");
        await Say(new ReplyAccepted(reply, reply, member, null, Past, Imported: true));
        await Refused(new { rewardId = reward }, 400, "validation-failed");
        await Refused(new { rewardId = IncentivesHost.NewId() }, 404, "not-found");

        var first = await Redeem();
        Assert.Equal(5, await Balance());
        await Refused(new { rewardId = reward, address = "Somewhere 1" }, 409, "out-of-stock");
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/redemptions/{first}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.PostAsJsonAsync($"/redemptions/{first}/cancellation", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsJsonAsync($"/redemptions/{first}/cancellation", new { reason = "Too small" })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsJsonAsync($"/redemptions/{first}/cancellation", new { reason = "Too small" })).StatusCode);
        Assert.Equal(15, await Balance());

        var second = await Redeem();
        Assert.Equal("Somewhere 1", (await staff.GetFromJsonAsync<JsonElement>($"/redemptions/{second}")).GetProperty("address").GetString());
        Assert.Contains((await staff.GetFromJsonAsync<JsonElement>("/redemptions?everybodys=true&status=open")).GetProperty("items").EnumerateArray(), item =>
            item.GetProperty("redemptionId").GetGuid() == second);
        Assert.True((await staff.GetFromJsonAsync<JsonElement>("/rewards/liability")).GetProperty("open").GetInt64() >= 10);
        Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsJsonAsync($"/redemptions/{second}/fulfilment", new { note = "By post" })).StatusCode);
        var sent = await staff.GetFromJsonAsync<JsonElement>($"/redemptions/{second}");
        Assert.Equal(("fulfilled", JsonValueKind.Null), (sent.GetProperty("status").GetString(), sent.GetProperty("address").ValueKind));
        Assert.Equal(0, await incentives.Scalar<long>("select count(*) from mt_events where data::text like '%Somewhere 1%'"));
        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsJsonAsync($"/redemptions/{second}/cancellation", new { })).StatusCode);
        Assert.Equal(5, await Balance());

        // Spent, and then the cause is taken back: only so a balance goes below zero.
        await Say(new ReplyAcceptanceWithdrawn(reply, reply, member, Past.AddDays(1)));
        Assert.Equal(-10, await Balance());
        Assert.Equal(["cancelled", "fulfilled"], (await client.GetFromJsonAsync<JsonElement>("/redemptions")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("status").GetString()).Order());

        async Task<Guid> Redeem()
        {
            using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = reward, address = "Somewhere 1" });
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("redemptionId").GetGuid();
        }

        async Task Refused(object body, int status, string code)
        {
            using var answer = await client.PostAsJsonAsync("/redemptions", body);
            Assert.Equal((status, $"urn:community:{code}"), ((int)answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString()));
        }

        async Task<long> Balance() => (await incentives.Points(member)).GetProperty("balance").GetInt64();
    }

    [Fact]
    public async Task What_is_not_offered_any_more_or_for_a_higher_level_is_not_had()
    {
        var (high, old) = (await Offer(new { name = "Talk", kind = "physical", points = 1, level = 5 }), await Offer(new { name = "Mug", kind = "physical", points = 1 }));
        var member = IncentivesHost.NewId();
        using var client = incentives.Member(member);
        using var staff = incentives.Operator;
        using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 10, reason = "A gift" });
        Assert.Equal(HttpStatusCode.NoContent, (await staff.DeleteAsync($"/rewards/{old}")).StatusCode);
        Assert.DoesNotContain((await client.GetFromJsonAsync<JsonElement>("/rewards?limit=100")).GetProperty("items").EnumerateArray(), item => item.GetProperty("rewardId").GetGuid() == old);

        foreach (var (reward, code) in new[] { (high, "level-too-low"), (old, "reward-retired") })
        {
            using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = reward, address = "Here" });
            Assert.Equal($"urn:community:{code}", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }
    }

    private async Task<Guid> Offer(object reward)
    {
        using var staff = incentives.Operator;
        using var answer = await staff.PostAsJsonAsync("/rewards", reward);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("rewardId").GetGuid();
    }

    private async Task Say(object fact)
    {
        var id = IncentivesHost.NewId();
        await incentives.Neighbour.Publish(id, fact);
        await incentives.Consumed([id]);
    }
}
