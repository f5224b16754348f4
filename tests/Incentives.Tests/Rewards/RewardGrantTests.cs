using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Payments.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Rewards;

/// <summary>Rewards that payments give, played by a neighbour.</summary>
public sealed class RewardGrantTests(IncentivesHost incentives)
{
    [Fact]
    public async Task A_coupon_is_had_when_payments_says_so_and_is_cancelled_only_where_it_was_not_used()
    {
        var (member, reward) = (await WithPoints(30), await Offer(new { name = "A quarter off", kind = "coupon", points = 10, percentOff = 25, validDays = 30 }));
        using var client = incentives.Member(member);
        using var staff = incentives.Operator;
        var redemption = await Redeem(client, reward);
        Assert.Equal(("open", null, 20L), await Shown());
        var claim = await Told<Contracts.RewardClaimed>(told => told.RedemptionId == redemption);
        Assert.Equal((member, null, 25, 30), (claim.MemberId, claim.PlanId, claim.PercentOff, claim.ValidDays));
        Assert.Equal(HttpStatusCode.Conflict, (await staff.PostAsJsonAsync($"/redemptions/{redemption}/fulfilment", new { })).StatusCode);
        await Say(new RewardGiven(redemption, member, Now));
        Assert.Equal(("fulfilled", claim.CouponCode, 20L), await Shown());
        Assert.Equal(JsonValueKind.Null, (await staff.GetFromJsonAsync<JsonElement>($"/redemptions/{redemption}")).GetProperty("code").ValueKind);

        // Used, it stays; and asked again, it is taken back where its order was cancelled.
        Assert.Equal(HttpStatusCode.Conflict, (await client.PostAsJsonAsync($"/redemptions/{redemption}/cancellation", new { })).StatusCode);
        await Cancel();
        Assert.Equal(("cancelling", null, 20L), await Shown());
        await Say(new RewardKept(redemption, member, Now));
        Assert.Equal(("fulfilled", claim.CouponCode, 20L), await Shown());
        await Cancel();
        await Say(new RewardTakenBack(redemption, member, Now));
        Assert.Equal(("cancelled", null, 30L), await Shown());
        await Say(new RewardTakenBack(redemption, member, Now), new RewardGiven(redemption, member, Now));
        Assert.Equal(("cancelled", null, 30L), await Shown());

        async Task Cancel()
        {
            Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsJsonAsync($"/redemptions/{redemption}/cancellation", new { })).StatusCode);
            await Told<Contracts.RewardCancellationAsked>(told => told.RedemptionId == redemption && told.MemberId == member);
        }

        async Task<(string?, string?, long)> Shown()
        {
            var answer = await client.GetFromJsonAsync<JsonElement>($"/redemptions/{redemption}");

            return (answer.GetProperty("status").GetString(), answer.GetProperty("code").GetString(), (await incentives.Points(member)).GetProperty("balance").GetInt64());
        }
    }

    [Fact]
    public async Task Days_that_cannot_be_given_give_their_points_and_stock_back()
    {
        var (member, plan) = (await WithPoints(10), IncentivesHost.NewId());
        var reward = await Offer(new { name = "Ten days", kind = "tierDays", points = 10, stock = 1, planId = plan, days = 10 });
        using var client = incentives.Member(member);
        var redemption = await Redeem(client, reward);
        var claim = await Told<Contracts.RewardClaimed>(told => told.RedemptionId == redemption);
        Assert.Equal((plan, 10, null), (claim.PlanId, claim.Days, claim.CouponCode));
        await Say(new RewardRefused(redemption, member, "plan-unknown", Now));
        Assert.Equal("cancelled", (await client.GetFromJsonAsync<JsonElement>($"/redemptions/{redemption}")).GetProperty("status").GetString());
        Assert.Equal(10, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        var offered = (await client.GetFromJsonAsync<JsonElement>("/rewards?limit=100")).GetProperty("items").EnumerateArray().Single(one => one.GetProperty("rewardId").GetGuid() == reward);
        Assert.Equal((1, plan), (offered.GetProperty("stock").GetInt32(), offered.GetProperty("grant").GetProperty("planId").GetGuid()));
    }

    [Theory]
    [InlineData("""{"name":"a","kind":"tierDays","points":1,"days":3}""", "planId")]
    [InlineData("""{"name":"a","kind":"tierDays","points":1,"planId":"01890000-0000-7000-8000-000000000000"}""", "days")]
    [InlineData("""{"name":"a","kind":"coupon","points":1,"validDays":3}""", "percentOff")]
    [InlineData("""{"name":"a","kind":"coupon","points":1,"percentOff":101,"validDays":3}""", "percentOff")]
    [InlineData("""{"name":"a","kind":"physical","points":1,"days":3}""", "days")]
    [InlineData("""{"name":"a","kind":"coupon","points":1,"percentOff":1,"validDays":3,"codes":["A"]}""", "codes")]
    public async Task What_belongs_to_another_kind_is_refused_at_its_field(string body, string field)
    {
        using var staff = incentives.Operator;
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await staff.PostAsync("/rewards", content);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _), await answer.Content.ReadAsStringAsync());
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static async Task<Guid> Redeem(HttpClient client, Guid reward)
    {
        using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = reward });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("redemptionId").GetGuid();
    }

    private async Task<Guid> WithPoints(int points)
    {
        var member = IncentivesHost.NewId();
        using var staff = incentives.Operator;
        using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points, reason = "A gift" });
        Assert.Equal(HttpStatusCode.Created, given.StatusCode);

        return member;
    }

    private async Task<Guid> Offer(object reward)
    {
        using var staff = incentives.Operator;
        using var answer = await staff.PostAsJsonAsync("/rewards", reward);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());

        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("rewardId").GetGuid();
    }

    private async Task Say(params object[] facts)
    {
        foreach (var fact in facts)
        {
            var id = IncentivesHost.NewId();
            await incentives.Neighbour.Publish(id, fact);
            await incentives.Consumed([id]);
        }
    }

    private async Task<T> Told<T>(Func<T, bool> which) where T : class => (await Eventually.Value(
        () => Task.FromResult(incentives.Neighbour.Heard.Select(heard => heard.Fact).OfType<T>().FirstOrDefault(which)), told => told is not null, $"{typeof(T).Name} to be told"))!;
}

/// <summary>On a service of its own: a budget is everybody's.</summary>
public sealed class RewardBudgetTests
{
    [Fact]
    public async Task Of_many_who_redeem_at_once_no_more_is_spent_than_the_budget_of_the_month_and_what_is_cancelled_is_free_again()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        using var staff = incentives.Operator;
        var rewards = new List<Guid>();

        for (var n = 0; n < 4; n++)
        {
            using var offered = await staff.PostAsJsonAsync("/rewards", new { name = $"Mug {n}", kind = "physical", points = 10 });
            rewards.Add((await offered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("rewardId").GetGuid());
        }

        var members = Enumerable.Range(0, 16).Select(_ => IncentivesHost.NewId()).ToList();

        foreach (var member in members)
        {
            using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 10, reason = "A gift" });
        }

        using var before = incentives.Member(members[0]);
        Assert.Equal(HttpStatusCode.Created, (await before.PostAsJsonAsync("/redemptions", new { rewardId = rewards[0], address = "Here" })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await staff.PutAsJsonAsync("/rewards/budget", new { pointsPerMonth = 50 })).StatusCode);

        // Ten are spent before there is a budget.
        var answers = await Task.WhenAll(members.Skip(1).Select(async (member, n) =>
        {
            using var client = incentives.Member(member);
            using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = rewards[n % rewards.Count], address = "Here" });

            return (member, answer.StatusCode, Body: await answer.Content.ReadFromJsonAsync<JsonElement>());
        }));
        var had = answers.Where(answer => answer.StatusCode == HttpStatusCode.Created).ToList();
        Assert.Equal(4, had.Count);
        Assert.All(answers.Except(had), answer => Assert.Equal("urn:community:budget-spent", answer.Body.GetProperty("type").GetString()));
        Assert.Equal((110L, 50L, 50L, 50), await Liability()); // eleven have their ten points yet

        Assert.Equal(HttpStatusCode.NoContent, (await staff.PostAsJsonAsync($"/redemptions/{had[0].Body.GetProperty("redemptionId").GetGuid()}/cancellation", new { })).StatusCode);
        Assert.Equal((120L, 40L, 40L, 50), await Liability());
        using var again = incentives.Member(had[0].member);
        Assert.Equal(HttpStatusCode.Created, (await again.PostAsJsonAsync("/redemptions", new { rewardId = rewards[1], address = "Here" })).StatusCode);
        Assert.Equal((110L, 50L, 50L, 50), await Liability());

        async Task<(long, long, long, int)> Liability()
        {
            var answer = await staff.GetFromJsonAsync<JsonElement>("/rewards/liability");

            return (answer.GetProperty("outstanding").GetInt64(), answer.GetProperty("open").GetInt64(), answer.GetProperty("spent").GetInt64(), answer.GetProperty("budget").GetInt32());
        }
    }
}
