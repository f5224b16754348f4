using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Orders;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;

namespace Community.Payments.Subscriptions;

/// <summary>Inline, for the list may not have come so far yet.</summary>
/// <param name="Id">The subscription's stream.</param>
internal sealed record BegunSubscription(Guid Id, Guid MemberId);

internal sealed partial class BegunSubscriptions : EventProjection
{
    public static BegunSubscription Create(IEvent<SubscriptionStarted> e) => new(e.StreamId, e.Data.MemberId);
}

internal static class MemberSubscriptions
{
    /// <summary>The streams of all that a member ever had.</summary>
    public static async Task<IReadOnlyList<Guid>> SubscriptionsOf(this IDocumentStore store, Guid member, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var listed = await session.Query<SubscriptionInList>().Where(s => s.MemberId == member).Select(s => s.Id).ToListAsync(ct);
        var begun = await session.Query<BegunSubscription>().Where(s => s.MemberId == member).Select(s => s.Id).ToListAsync(ct);

        return [.. listed.Union(begun)];
    }

    /// <summary>All that a member ever had, as it stands.</summary>
    public static async Task<IReadOnlyList<Begun>> HadBy(this IDocumentStore store, Guid member, CancellationToken ct)
    {
        var had = new List<Begun>();

        foreach (var stream in await store.SubscriptionsOf(member, ct))
        {
            if ((await store.Load(Subscription.Decider, stream, null, ct)).State is Begun begun)
            {
                had.Add(begun);
            }
        }

        return had;
    }

    /// <summary>What gives a tier again and again, or for good: who has it does not pay for the tier once more.</summary>
    /// <param name="but">Another than this.</param>
    public static Live? Holding(this IEnumerable<Begun> had, string tier, Guid? but = null) => had.OfType<Live>().OrderBy(s => s.Period.End is not null).FirstOrDefault(
        s => s.SubscriptionId != but && s.Terms.Tier == tier && !s.IsTrial && (s.Renews || s.Period.End is null));

    /// <summary>Why a plan is not ordered; null: it is nothing that the member has.</summary>
    public static Rejection? Bar(this IEnumerable<Begun> had, Terms wanted) => had.Holding(wanted.Tier) switch
    {
        null => null,
        { Renews: true } when wanted.IsForGood => null,
        { } held => held.Bar()
    };

    /// <summary>That somebody has a tier already, and what to do instead.</summary>
    public static Rejection Bar(this Live held) => new("subscription-held", $"The subscription {held.SubscriptionId} gives the tier already: " + (held switch
    {
        { Period.End: null } => "it is for good.",
        { Cancelled: true } => "take its cancellation back.",
        { PausedAt: not null } => "let it go on.",
        { Due: not null } => "pay its open order.",
        { IsTrial: true } => "order its plan to go on with it.",
        { Renews: false } => "it ends by itself.",
        _ => "change its plan."
    }));
}

/// <summary>Nobody pays twice for one tier.</summary>
internal sealed class TierHeldOnce(IDocumentStore store) : IOrderRule
{
    public async Task<Rejection?> Refuse(OrderLine line, Guid member, CancellationToken ct) =>
        line.Kind == "plan" && (await store.Load(Plan.Decider, Plan.Stream(line.ProductId), null, ct)).State.Terms is { } terms
            ? (await store.HadBy(member, ct)).Bar(terms)
            : null;
}
