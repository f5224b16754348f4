using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Marten;

namespace Community.Payments.Catalogue;

public enum CouponDuration
{
    Once,
    Forever,
    Months
}

/// <param name="PercentOff">Either this, 1 to 100, or <paramref name="AmountOff"/>.</param>
/// <param name="Months">For how many months renewals are reduced too, where the duration says so.</param>
/// <param name="ExpiresAt">From then on it is refused; what it was promised for goes on.</param>
public sealed record CouponTerms(
    string Code, int? PercentOff, Money? AmountOff, int? MaxUses, int? MaxUsesPerMember, CouponDuration Duration, int? Months, DateTimeOffset? ExpiresAt)
{
    /// <summary>Whose alone it is; null: everybody's.</summary>
    public Guid? MemberId { get; init; }
}

public abstract record CouponEvent
{
    private protected CouponEvent() { }
}

[EventType("coupon-created.v1")]
public sealed record CouponCreated(CouponTerms Terms, DateTimeOffset At) : CouponEvent;

[EventType("coupon-use-reserved.v1")]
public sealed record CouponUseReserved(Guid OrderId, Guid MemberId, Money Discount, DateTimeOffset At) : CouponEvent;

/// <summary>The order was cancelled: the use is free again.</summary>
[EventType("coupon-use-released.v1")]
public sealed record CouponUseReleased(Guid OrderId, Guid MemberId, DateTimeOffset At) : CouponEvent;

/// <summary>It was taken back before anybody used it.</summary>
[EventType("coupon-revoked.v1")]
public sealed record CouponRevoked(DateTimeOffset At) : CouponEvent;

internal abstract record CouponCommand;

internal sealed record RevokeCoupon(DateTimeOffset At) : CouponCommand;

internal sealed record CreateCoupon(CouponTerms Terms, DateTimeOffset At) : CouponCommand;

/// <param name="Total">Of the order, before the discount.</param>
internal sealed record ReserveUse(Guid OrderId, Guid MemberId, Money Total, DateTimeOffset At) : CouponCommand;

internal sealed record ReleaseUse(Guid OrderId, DateTimeOffset At) : CouponCommand;

/// <summary>All uses of a coupon are in its stream: so two orders never take the last one.</summary>
internal sealed record Coupon(CouponTerms? Terms)
{
    public static readonly Decider<Coupon, CouponCommand, CouponEvent> Decider = new(new Coupon((CouponTerms?)null), Decide, Evolve);

    /// <summary>Member by order.</summary>
    public ImmutableDictionary<Guid, Guid> Uses { get; init; } = ImmutableDictionary<Guid, Guid>.Empty;

    public bool IsRevoked { get; init; }

    public static Guid Stream(string code) => StreamId.Of("coupon", code.ToUpperInvariant());

    private static Decision<CouponEvent> Decide(Coupon coupon, CouponCommand command) => (coupon.Terms, command) switch
    {
        (null, CreateCoupon c) => Check(c.Terms) is { } wrong ? wrong : new CouponCreated(c.Terms, c.At),
        ({ } terms, CreateCoupon c) when terms == c.Terms => Decision.Nothing,
        (_, CreateCoupon) => new Rejection("coupon-code-taken", "There is another coupon of this code."),
        (null, _) => new Rejection("coupon-unknown", "There is no such coupon."),
        (_, RevokeCoupon) when coupon.IsRevoked => Decision.Nothing,
        (_, RevokeCoupon) when !coupon.Uses.IsEmpty => new Rejection("coupon-used", "It was used already."),
        (_, RevokeCoupon c) => new CouponRevoked(c.At),
        (_, ReserveUse c) when coupon.Uses.ContainsKey(c.OrderId) => Decision.Nothing,
        (_, ReserveUse) when coupon.IsRevoked => new Rejection("coupon-unknown", "There is no such coupon."),
        ({ MemberId: { } owner }, ReserveUse c) when owner != c.MemberId => new Rejection("coupon-unknown", "There is no such coupon."),
        ({ } terms, ReserveUse c) when c.At >= terms.ExpiresAt => new Rejection("coupon-expired", "The coupon has expired."),
        ({ } terms, ReserveUse) when coupon.Uses.Count >= terms.MaxUses => new Rejection("coupon-used-up", "The coupon is used up."),
        ({ } terms, ReserveUse c) when coupon.Uses.Values.Count(member => member == c.MemberId) >= terms.MaxUsesPerMember =>
            new Rejection("coupon-used-up", "You have used this coupon as often as one may."),
        ({ AmountOff: { } off }, ReserveUse c) when off.Currency != c.Total.Currency =>
            new Rejection("coupon-in-other-currency", $"The coupon is worth {off.Currency}, the order costs {c.Total.Currency}."),
        ({ } terms, ReserveUse c) => new CouponUseReserved(c.OrderId, c.MemberId, c.Total.Less(terms.Price(c.Total)), c.At),
        (_, ReleaseUse c) when coupon.Uses.TryGetValue(c.OrderId, out var member) => new CouponUseReleased(c.OrderId, member, c.At),
        (_, ReleaseUse) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a coupon.")
    };

    private static Coupon Evolve(Coupon coupon, CouponEvent @event) => @event switch
    {
        CouponCreated e => coupon with { Terms = e.Terms },
        CouponUseReserved e => coupon with { Uses = coupon.Uses.Add(e.OrderId, e.MemberId) },
        CouponRevoked => coupon with { IsRevoked = true },
        CouponUseReleased e => coupon with { Uses = coupon.Uses.Remove(e.OrderId) },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a coupon.")
    };

    private static Rejection? Check(CouponTerms terms) =>
        terms.PercentOff is null == terms.AmountOff is null ? new Rejection("coupon-not-possible", "A coupon is worth either a percentage or an amount.")
        : terms.Duration == CouponDuration.Months == terms.Months is null ? new Rejection("coupon-not-possible", "The number of months goes with the duration of months.")
        : null;
}

internal static class CouponRules
{
    /// <summary>The coupon of a code as somebody has written it.</summary>
    public static async Task<Loaded<Coupon>> FindCoupon(this IDocumentStore store, string written, CancellationToken ct)
    {
        var (code, former) = (Coupon.Stream(NormalizedText.CouponCode(written) ?? ""), Coupon.Stream(written.Trim()));
        var found = await store.Load(Coupon.Decider, code, null, ct);

        // One that is older than this way to write codes keeps its own.
        return found.Version > 0 || former == code ? found : await store.Load(Coupon.Decider, former, null, ct);
    }

    /// <summary>What is left to pay of a price; rounded in favour of the payer.</summary>
    public static Money Price(this CouponTerms terms, Money price) => terms.Promise(null).Off(price);

    /// <summary>What the coupon promises for the renewals of a subscription begun with it; null: nothing.</summary>
    public static Discount? ForRenewals(this CouponTerms terms, int monthsOfAPeriod) => terms.Duration switch
    {
        CouponDuration.Forever => terms.Promise(null),
        CouponDuration.Months when monthsOfAPeriod > 0 && (terms.Months - 1) / monthsOfAPeriod is > 0 and var periods => terms.Promise(periods),
        _ => null
    };

    private static Discount Promise(this CouponTerms terms, int? periods) => new(terms.Code, terms.PercentOff, terms.AmountOff, periods);
}
