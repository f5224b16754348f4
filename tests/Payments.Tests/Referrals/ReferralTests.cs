using System.Net;
using System.Net.Http.Json;
using Community.Membership.Contracts;
using Community.Payments.Referrals;
using Community.Testing;

namespace Community.Payments.Tests.Referrals;

public sealed class ReferralTests(Neighbourhood payments)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly (Guid Member, Guid By, Guid Order) Story = (new(1, 0, 0, new byte[8]), new(2, 0, 0, new byte[8]), new(3, 0, 0, new byte[8]));

    [Fact]
    public void It_is_rewarded_once_when_both_are_known_in_whichever_order()
    {
        var (noted, seen) = (new ReferralNoted(Story.Member, Story.By, Noon), new FirstPurchaseSeen(Story.Member, Story.Order, Noon));
        var rewarded = new ReferralRewarded(Story.Member, Story.By, Story.Order, "THANKS", Noon);
        Given(noted).When(new RewardReferral("THANKS", Noon)).ThenNothing();
        Given(seen).When(new RewardReferral("THANKS", Noon)).ThenNothing();
        Given(noted, seen).When(new RewardReferral("THANKS", Noon)).Then(rewarded);
        Given(seen, noted).When(new RewardReferral("THANKS", Noon)).Then(rewarded);
        Given(seen, noted, rewarded).When(new RewardReferral("AGAIN", Noon)).ThenNothing();
        Given(noted, seen).When(new SeePurchase(Story.Member, Story.By, Noon)).ThenNothing();
        Given(noted).When(new NoteReferral(Story.Member, Story.Order, Noon)).ThenNothing();
    }

    [Fact]
    public async Task Who_brought_a_paying_member_gets_a_coupon_that_nobody_else_can_use()
    {
        var (by, brought, early) = (PaymentsService.New(), PaymentsService.New(), PaymentsService.New());
        using var referrer = payments.Member(by);
        var (product, second, third) = (await payments.Offer(1_000), await payments.Offer(1_000), await payments.Offer(1_000)); // each is bought once
        await payments.Buy(payments.Member(early), product); // before membership's word of who brought them comes
        await payments.Say(new MemberBrought(early, by, PaymentsService.Now));
        await payments.Say(new MemberBrought(brought, by, PaymentsService.Now));
        await payments.Buy(payments.Member(brought), product);
        await payments.Buy(payments.Member(brought), second);
        var list = await Neighbourhood.Until(
            referrer, "/referrals", l => l["items"]!.AsArray().Count(item => item!["couponCode"] is not null) == 2);
        var codes = list["items"]!.AsArray().Select(item => item.Text("couponCode")).ToList();
        Assert.Equal(2, codes.Distinct().Count());

        object Wish(string code) => new { items = new[] { new { productId = third, quantity = 1 } }, couponCode = code };
        await (await payments.Member(brought).PostAsJsonAsync("/orders", Wish(codes[0]))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-unknown");
        var order = await (await referrer.PostAsJsonAsync("/orders", Wish(codes[0]))).Body(HttpStatusCode.Created);
        Assert.Equal(900, order["total"]!["amount"]!.GetValue<long>());
        await (await referrer.PostAsJsonAsync("/orders", Wish(codes[0]))).ShouldBeProblem(HttpStatusCode.Conflict, "coupon-used-up");
        Assert.Empty((await (await payments.Member(brought).GetAsync("/referrals")).Body(HttpStatusCode.OK))["items"]!.AsArray());
    }

    private static Spec.Scenario<Referral, ReferralCommand, ReferralEvent> Given(params ReferralEvent[] events) => Spec.For(Referral.Decider).Given(events);
}
