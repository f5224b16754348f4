using System.Text.Json.Nodes;
using Community.Payments.Contracts;
using Community.Testing;

namespace Community.Membership.Tests.Mail;

/// <summary>Who is late with a payment hears of it from us.</summary>
public sealed class PaymentMailTests(MembershipService membership)
{

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Each_attempt_that_fails_and_the_end_are_mailed_once_and_what_is_over_is_not()
    {
        var now = membership.Clock.GetUtcNow();
        var next = new DateTimeOffset(now.Year, now.Month, now.Day, 9, 30, 0, TimeSpan.Zero).AddDays(3);
        var (ann, bob) = (await membership.Join("Ann Late"), await membership.Join("Bob Paid"));
        var (late, paid, plan) = (Id(), Id(), Id());
        await Say(new SubscriptionStarted(late, ann.Id, plan, "gold", "paid", 1, "CNY", null, 1, now));
        await Say(new SubscriptionStarted(paid, bob.Id, plan, "gold", "paid", 1, "CNY", null, 1, now));

        // Of long ago, as a first start hears it; and paid meanwhile, which was heard first.
        await Say(PastDue(late, ann.Id, 1, now.AddDays(-9), 2));
        await Say(new SubscriptionRenewed(paid, bob.Id, plan, "gold", 1, "CNY", null, 3, now));
        await Eventually.Value(
            () => OfOwner($"/members/{bob.Id}/history"), history => history.ToJsonString().Split("subscription-noted").Length == 3, "the renewal to be noted");
        await Say(PastDue(paid, bob.Id, 1, next, 2));
        await Say(new SubscriptionEnded(Id(), bob.Id, plan, "gold", "unpaid", 9, now.AddDays(-4)));
        await Say(new SubscriptionEnded(Id(), bob.Id, plan, "gold", "cancelled", 9, now));

        await Say(PastDue(late, ann.Id, 2, next, 3), times: 2);
        var first = Assert.Single(await Mails(ann, "renewalUnpaid", 1));
        Assert.Contains("Ann Late", first.Text("text"), StringComparison.Ordinal);
        Assert.Contains($"下一次扣款时间为 {next:yyyy-MM-dd} 09:30 (UTC)", first.Text("text"), StringComparison.Ordinal);
        Assert.Contains("（gold）", first.Text("text"), StringComparison.Ordinal);

        await Say(PastDue(late, ann.Id, 3, next.AddDays(3), 4));
        await Mails(ann, "renewalUnpaid", 2);
        await Say(new SubscriptionEnded(late, ann.Id, plan, "gold", "unpaid", 5, now), times: 2);
        Assert.Contains("由于续费未支付", Assert.Single(await Mails(ann, "subscriptionEnded", 1)).Text("text"), StringComparison.Ordinal);

        // Said before those that have been heard.
        Assert.Equal(2, (await Mails(ann, "renewalUnpaid", 2)).Count);
        Assert.DoesNotContain(await Outbox(), mail => mail.Id("memberId") == bob.Id && mail.Text("kind") is "renewalUnpaid" or "subscriptionEnded");

        async Task Say(object fact, int times = 1)
        {
            var id = Id();
            for (var i = 0; i < times; i++)
                await membership.Payments.Publish(id, fact);
        }

        Task<List<JsonNode>> Mails(Person member, string kind, int count) => Eventually.Value(
            async () => (await Outbox()).Where(mail => mail.Id("memberId") == member.Id && mail.Text("kind") == kind).ToList(),
            mails => mails.Count >= count, $"{count} mails {kind}");
    }

    private static SubscriptionPastDue PastDue(Guid subscription, Guid member, int attempt, DateTimeOffset next, long version) =>
        new(subscription, member, "gold", Id(), attempt, next, 1, "CNY", version, next.AddDays(-3));

    private async Task<List<JsonNode>> Outbox() => [.. (await OfOwner("/outbox?limit=100"))["items"]!.AsArray().Select(mail => mail!)];

    private async Task<JsonNode> OfOwner(string address)
    {
        using var owner = membership.Host.Client(membership.Owner.AccessToken);

        return await owner.GetAsync(address, Ct).Ok(200);
    }

    private static Guid Id() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
}
