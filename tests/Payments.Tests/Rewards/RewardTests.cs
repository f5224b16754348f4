using System.Net;
using System.Net.Http.Json;
using Community.Incentives.Contracts;
using Community.Testing;

namespace Community.Payments.Tests.Rewards;

/// <summary>What members have redeemed for points, as incentives tell it.</summary>
public sealed class RewardTests(PaymentsService payments)
{
    [Fact]
    public async Task A_coupon_is_the_members_for_one_order_and_is_taken_back_while_it_is_not_used()
    {
        var (member, other) = (await payments.Join(), await payments.Join());
        var (used, unused) = (Claim(member, "R-USED"), Claim(member, "R-UNUSED"));
        await Say(used, used, unused);
        await Told<Contracts.RewardGiven>(told => told.RedemptionId == unused.RedemptionId);
        await Told<Contracts.RewardGiven>(told => told.RedemptionId == used.RedemptionId);
        var product = await payments.Offer(1000, "DOP");
        using var client = payments.Member(member);
        using var stranger = payments.Member(other);
        await (await stranger.PostAsJsonAsync("/orders", Wish(product, used.CouponCode!))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");
        var order = await (await client.PostAsJsonAsync("/orders", Wish(product, used.CouponCode!))).Body(HttpStatusCode.Created);
        Assert.Equal(750, order["total"]!["amount"]!.GetValue<long>());

        await Say(Cancellation(used), Cancellation(unused));
        await Told<Contracts.RewardKept>(told => told.RedemptionId == used.RedemptionId);
        await Told<Contracts.RewardTakenBack>(told => told.RedemptionId == unused.RedemptionId);
        await (await client.PostAsJsonAsync("/orders", Wish(product, unused.CouponCode!))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");

        // The order that used it is cancelled: asked again, it is taken back.
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync($"/orders/{order.Id("orderId")}/cancellation", null)).StatusCode);
        await Neighbourhood.Until(payments.Operator, $"/coupons/{used.CouponCode}", coupon => coupon["uses"]!.GetValue<int>() == 0);
        await Say(Cancellation(used));
        await Told<Contracts.RewardTakenBack>(told => told.RedemptionId == used.RedemptionId);
    }

    [Fact]
    public async Task Days_of_a_plan_go_on_from_those_before_them_and_end_when_they_are_taken_back()
    {
        var (plan, member) = (await payments.Plan($"days-{PaymentsService.New():N}"[..30]), await payments.Join());
        var (first, second) = (Days(member, plan, 10), Days(member, plan, 5));
        await Say(first, first);
        await Told<Contracts.RewardGiven>(told => told.RedemptionId == first.RedemptionId);
        await Say(second);
        await Told<Contracts.RewardGiven>(told => told.RedemptionId == second.RedemptionId);
        var (one, two) = (await Subscription(first), await Subscription(second));
        Assert.Equal(("complimentary", "complimentary"), (one.Text("source"), two.Text("source")));
        Assert.Equal(DateTimeOffset.Parse(one.Text("currentPeriodEnd"), null), DateTimeOffset.Parse(two.Text("currentPeriodStart"), null));
        Assert.Equal(TimeSpan.FromDays(5), DateTimeOffset.Parse(two.Text("currentPeriodEnd"), null) - DateTimeOffset.Parse(two.Text("currentPeriodStart"), null));

        await Say(Cancellation(second));
        await Told<Contracts.RewardTakenBack>(told => told.RedemptionId == second.RedemptionId);
        Assert.Equal("ended", (await Subscription(second)).Text("status"));
    }

    [Fact]
    public async Task What_cannot_be_given_is_said_with_the_reason_and_what_is_taken_back_first_is_not_given()
    {
        var member = await payments.Join();
        var (holds, unknown, stranger, late) = (await payments.Plan($"held-{PaymentsService.New():N}"[..30]), Days(member, PaymentsService.New(), 3), Claim(PaymentsService.New(), "R-NOBODY"), Claim(member, "R-LATE"));
        await payments.Grant(member, holds);
        var held = Days(member, holds, 3);
        await Say(unknown, stranger, held, Cancellation(late));
        await Told<Contracts.RewardRefused>(told => told.RedemptionId == unknown.RedemptionId && told.Because == "plan-unknown");
        await Told<Contracts.RewardRefused>(told => told.RedemptionId == stranger.RedemptionId && told.Because == "member-unknown");
        await Told<Contracts.RewardRefused>(told => told.RedemptionId == held.RedemptionId && told.Because == "subscription-held");
        await Told<Contracts.RewardTakenBack>(told => told.RedemptionId == late.RedemptionId);
        await Say(late);
        Assert.Equal(HttpStatusCode.NotFound, (await payments.Operator.GetAsync($"/coupons/{late.CouponCode}")).StatusCode);
    }

    private static RewardClaimed Claim(Guid member, string code) => new(PaymentsService.New(), member, null, null, $"{code}-{PaymentsService.New():N}"[..28].ToUpperInvariant(), 25, 30, PaymentsService.Now);

    private static RewardClaimed Days(Guid member, Guid plan, int days) => new(PaymentsService.New(), member, plan, days, null, null, null, PaymentsService.Now);

    private static RewardCancellationAsked Cancellation(RewardClaimed claim) => new(claim.RedemptionId, claim.MemberId, PaymentsService.Now);

    private static object Wish(Guid product, string coupon) => new { items = new[] { new { productId = product, quantity = 1 } }, couponCode = coupon };

    private async Task<System.Text.Json.Nodes.JsonNode> Subscription(RewardClaimed claim)
    {
        using var answer = await payments.Member(claim.MemberId).GetAsync($"/subscriptions/{claim.RedemptionId}");

        return await answer.Body(HttpStatusCode.OK);
    }

    private async Task Say(params object[] facts)
    {
        var messages = facts.Select(fact => (Id: PaymentsService.New(), fact)).ToList();
        await Task.WhenAll(messages.Select(message => payments.Content.Publish(message.Id, message.fact)));
        await Eventually.True(() => payments.HasConsumed(messages.Select(message => message.Id)), "what was said to be consumed");
    }

    private Task Told<T>(Func<T, bool> which) => Eventually.True(() => Task.FromResult(payments.Content.Heard.Select(heard => heard.Fact).OfType<T>().Any(which)), $"{typeof(T).Name} to be told");
}
