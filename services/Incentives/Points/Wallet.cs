using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Marten;

namespace Community.Incentives.Points;

/// <param name="Earned">What the member has but for what the wallet itself gave and took.</param>
internal abstract record WalletCommand(long Earned);

internal sealed record AdjustPoints(Guid AdjustmentId, Guid MemberId, int Points, string Reason, DateTimeOffset At, long Earned) : WalletCommand(Earned);

internal sealed record SpendPoints(Guid RedemptionId, Guid MemberId, int Points, DateTimeOffset At, long Earned) : WalletCommand(Earned);

internal sealed record RefundPoints(Guid RedemptionId, Guid MemberId, DateTimeOffset At) : WalletCommand(0);

/// <summary>
/// What a member spends, and what operators give and take: one after the other, so that nobody spends what is gone. Only what
/// is taken back with its cause may take the balance below zero.
/// </summary>
/// <param name="Change">All that it gave and took.</param>
internal sealed record Wallet(long Change, ImmutableDictionary<Guid, PointsEvent> Entries)
{
    public static readonly Decider<Wallet, WalletCommand, PointsEvent> Decider = new(new(0, ImmutableDictionary<Guid, PointsEvent>.Empty), Decide, Evolve);

    public static readonly Rejection TooFewPoints = new("too-few-points", "There are not enough points for this.");

    public static Guid Stream(Guid memberId) => StreamId.Of("wallet", memberId);

    private static Decision<PointsEvent> Decide(Wallet wallet, WalletCommand command) => command switch
    {
        AdjustPoints c when wallet.Entries.ContainsKey(c.AdjustmentId) => Decision.Nothing,
        AdjustPoints c when c.Points < 0 && c.Earned + wallet.Change + c.Points < 0 => TooFewPoints,
        AdjustPoints c => new PointsAdjusted(c.AdjustmentId, c.MemberId, c.Points, c.Reason, c.At),
        SpendPoints c when wallet.Entries.ContainsKey(c.RedemptionId) => Decision.Nothing,
        SpendPoints c when c.Earned + wallet.Change < c.Points => TooFewPoints,
        SpendPoints c => new PointsSpent(c.RedemptionId, c.MemberId, c.Points, c.At),
        RefundPoints c when wallet.Entries.GetValueOrDefault(c.RedemptionId) is PointsSpent spent => new PointsRefunded(c.RedemptionId, c.MemberId, spent.Points, c.At),
        RefundPoints => Decision.Nothing,
        _ => throw new UnreachableException()
    };

    private static Wallet Evolve(Wallet wallet, PointsEvent @event) => @event switch
    {
        PointsAdjusted e => new(wallet.Change + e.Points, wallet.Entries.SetItem(e.AdjustmentId, e)),
        PointsSpent e => new(wallet.Change - e.Points, wallet.Entries.SetItem(e.RedemptionId, e)),
        PointsRefunded e => new(wallet.Change + e.Points, wallet.Entries.SetItem(e.RedemptionId, e)),
        _ => throw new UnreachableException()
    };
}

internal sealed class Wallets(IDocumentStore store, PointsQueries points, TimeProvider clock)
{
    public async Task<Handled<Wallet>> Adjust(Guid adjustmentId, Guid memberId, int by, string reason, CancellationToken ct)
    {
        var adjust = new AdjustPoints(adjustmentId, memberId, by, reason, clock.GetUtcNow(), (await points.Balance(memberId, ct)).Spendable);

        return await store.Handle(Wallet.Decider, Wallet.Stream(memberId), adjust, ct);
    }

    /// <summary>For a command on another stream that holds or falls with it.</summary>
    public async Task<Besides> Spend(Guid redemptionId, Guid memberId, int price, CancellationToken ct) => Besides.Of(
        Wallet.Decider, Wallet.Stream(memberId),
        new SpendPoints(redemptionId, memberId, price, clock.GetUtcNow(), (await points.Balance(memberId, ct)).Spendable));

    /// <inheritdoc cref="Spend"/>
    public Besides Refund(Guid redemptionId, Guid memberId) => Besides.Of(
        Wallet.Decider, Wallet.Stream(memberId), new RefundPoints(redemptionId, memberId, clock.GetUtcNow()));
}
