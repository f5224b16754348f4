using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Marten;

namespace Community.Incentives.Points;

/// <param name="Earned">What the member has but for what the wallet itself gave and took.</param>
internal abstract record WalletCommand(long Earned);

internal sealed record AdjustPoints(Guid AdjustmentId, Guid MemberId, int Points, Sealed? Words, DateTimeOffset At, long Earned) : WalletCommand(Earned);

internal sealed record SpendPoints(Guid RedemptionId, Guid MemberId, int Points, DateTimeOffset At, long Earned) : WalletCommand(Earned);

internal sealed record RefundPoints(Guid RedemptionId, Guid MemberId, DateTimeOffset At) : WalletCommand(0);

/// <param name="Due">All points of the member whose time is over, without those that were taken back.</param>
internal sealed record ExpirePoints(Guid MemberId, long Due, DateTimeOffset At) : WalletCommand(0);

/// <summary>
/// What a member spends, and what operators give and take: one after the other, so that nobody spends what is gone. Only what
/// is taken back with its cause may take the balance below zero.
/// </summary>
/// <param name="Change">All that it gave and took.</param>
/// <param name="Spent">What redemptions cost, but for those that were cancelled: of the points that end first.</param>
/// <param name="Due">Points whose time was over when it was last looked.</param>
/// <param name="Used">What of these was spent in time; the others have expired.</param>
internal sealed record Wallet(long Change, long Spent, long Due, long Used, ImmutableDictionary<Guid, PointsEvent> Entries)
{
    public static readonly Decider<Wallet, WalletCommand, PointsEvent> Decider = new(new(0, 0, 0, 0, ImmutableDictionary<Guid, PointsEvent>.Empty), Decide, Evolve);

    public static readonly Rejection TooFewPoints = new("too-few-points", "There are not enough points for this.");

    public static readonly Rejection AlreadyGivenBack = new("redemption-cancelled", "It was cancelled, and its points were given back: redeem the reward anew.");

    public static Guid Stream(Guid memberId) => StreamId.Of("wallet", memberId);

    private static Decision<PointsEvent> Decide(Wallet wallet, WalletCommand command) => command switch
    {
        AdjustPoints c when wallet.Entries.ContainsKey(c.AdjustmentId) => Decision.Nothing,
        AdjustPoints c when c.Points < 0 && c.Earned + wallet.Change + c.Points < 0 => TooFewPoints,
        AdjustPoints c => new PointsAdjusted(c.AdjustmentId, c.MemberId, c.Points, "", c.At) { Words = c.Words },
        SpendPoints c when wallet.Entries.GetValueOrDefault(c.RedemptionId) is PointsSpent => Decision.Nothing,
        SpendPoints c when wallet.Entries.ContainsKey(c.RedemptionId) => AlreadyGivenBack,
        SpendPoints c when c.Earned + wallet.Change < c.Points => TooFewPoints,
        SpendPoints c => new PointsSpent(c.RedemptionId, c.MemberId, c.Points, c.At),
        RefundPoints c when wallet.Entries.GetValueOrDefault(c.RedemptionId) is PointsSpent spent => Refund(wallet, spent, c.At),
        RefundPoints => Decision.Nothing,
        ExpirePoints c when Math.Max(0, c.Due) == wallet.Due => Decision.Nothing,
        ExpirePoints c => Expire(wallet, c),
        _ => throw new UnreachableException()
    };

    // What was spent in time and comes back when that time is over would else never end.
    private static Decision<PointsEvent> Refund(Wallet wallet, PointsSpent spent, DateTimeOffset at)
    {
        var refunded = new PointsRefunded(spent.RedemptionId, spent.MemberId, spent.Points, at);
        var used = Math.Min(wallet.Used, wallet.Spent - spent.Points);

        return used == wallet.Used ? refunded : [refunded, new PointsExpired(spent.MemberId, (int)(used - wallet.Used), wallet.Due, used, at)];
    }

    // What was spent went first to what ended first; what is spent later does not bring back what has expired.
    private static Decision<PointsEvent> Expire(Wallet wallet, ExpirePoints c)
    {
        var due = Math.Max(0, c.Due);
        var used = due > wallet.Due ? wallet.Used + Math.Min(due - wallet.Due, Math.Max(0, wallet.Spent - wallet.Used)) : Math.Min(wallet.Used, due);

        var (expired, will, events) = (wallet.Due - wallet.Used, due - used, new List<PointsEvent>());

        // An entry holds so many points: more become several.
        while (Math.Abs(expired - will) > int.MaxValue)
        {
            var next = expired + Math.Sign(will - expired) * (long)int.MaxValue;
            events.Add(new PointsExpired(c.MemberId, (int)(expired - next), used + next, used, c.At));
            expired = next;
        }

        return [.. events, new PointsExpired(c.MemberId, (int)(expired - will), due, used, c.At)];
    }

    private static Wallet Evolve(Wallet wallet, PointsEvent @event) => @event switch
    {
        PointsAdjusted e => wallet with { Change = wallet.Change + e.Points, Entries = wallet.Entries.SetItem(e.AdjustmentId, e) },
        PointsSpent e => wallet with { Change = wallet.Change - e.Points, Spent = wallet.Spent + e.Points, Entries = wallet.Entries.SetItem(e.RedemptionId, e) },
        PointsRefunded e => wallet with { Change = wallet.Change + e.Points, Spent = wallet.Spent - e.Points, Entries = wallet.Entries.SetItem(e.RedemptionId, e) },
        PointsExpired e => wallet with { Change = wallet.Change + e.Points, Due = e.Due, Used = e.Used },
        _ => throw new UnreachableException()
    };
}

internal sealed class Wallets(IDocumentStore store, PointsQueries points, WordsAbout words, TimeProvider clock)
{
    public async Task<Handled<Wallet>> Adjust(Guid adjustmentId, Guid memberId, int by, string reason, CancellationToken ct)
    {
        var about = await words.Seal(memberId, reason, ct);
        var adjust = new AdjustPoints(adjustmentId, memberId, by, about, clock.GetUtcNow(), (await points.Balance(memberId, ct)).Spendable);

        return await store.Handle(Wallet.Decider, Wallet.Stream(memberId), adjust, ct);
    }

    /// <summary>Why the member cannot pay so much now; null: the member can.</summary>
    public async Task<Rejection?> Refusal(Guid memberId, int price, CancellationToken ct) =>
        (await points.Balance(memberId, ct)).Balance < price ? Wallet.TooFewPoints : null;

    /// <summary>For a command on another stream that holds or falls with it.</summary>
    public async Task<Besides> Spend(Guid redemptionId, Guid memberId, int price, CancellationToken ct) => Besides.Of(
        Wallet.Decider, Wallet.Stream(memberId),
        new SpendPoints(redemptionId, memberId, price, clock.GetUtcNow(), (await points.Balance(memberId, ct)).Spendable));

    /// <inheritdoc cref="Spend"/>
    public Besides Refund(Guid redemptionId, Guid memberId) => Besides.Of(
        Wallet.Decider, Wallet.Stream(memberId), new RefundPoints(redemptionId, memberId, clock.GetUtcNow()));
}
