using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Catalogue;

internal sealed record CouponInList(Guid Id, CouponTerms Terms, int Uses);

internal sealed partial class CouponList : SingleStreamProjection<CouponInList, Guid>
{
    public static CouponInList Create(IEvent<CouponCreated> e) => new(e.StreamId, e.Data.Terms, 0);

    public static CouponInList Apply(CouponUseReserved _, CouponInList coupon) => coupon with { Uses = coupon.Uses + 1 };

    public static CouponInList Apply(CouponUseReleased _, CouponInList coupon) => coupon with { Uses = coupon.Uses - 1 };
}

/// <param name="Code">The same however it is written: in any case or width of letters, with blanks around it.</param>
internal sealed record NewCoupon(
    [property: Text(100)] string Code, CouponDuration Duration, [property: Range(1, 100)] int? PercentOff = null, [property: Positive] Money? AmountOff = null,
    [property: Range(1, 1_000_000)] int? MaxUses = null, [property: Range(1, 1_000_000)] int? MaxUsesPerMember = null,
    [property: Range(1, 1200)] int? Months = null, DateTimeOffset? ExpiresAt = null);

internal sealed record CouponView(
    string Code, int? PercentOff, Money? AmountOff, int? MaxUses, int? MaxUsesPerMember, CouponDuration Duration, int? Months,
    DateTimeOffset? ExpiresAt, int Uses);

internal static class CouponEndpoints
{
    public static void MapCoupons(this IEndpointRouteBuilder app)
    {
        var coupons = app.MapGroup("/coupons").RequireRoles("operator").WithTag("Coupons", "What makes an order cheaper.");
        coupons.MapPost("", Create).WithSummary("Makes a coupon");
        coupons.MapGet("", List).WithSummary("The coupons, with how often each is used");
        coupons.MapGet("/{code}", Get).AnswersVersion().WithSummary("A coupon");
    }

    private static async Task<Results<Created<CouponView>, ProblemHttpResult>> Create(
        NewCoupon wish, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var code = NormalizedText.CouponCode(wish.Code) ?? throw new InvalidParameter("code", "must have 1 to 100 characters that are seen");
        var terms = new CouponTerms(
            code, wish.PercentOff, wish.AmountOff, wish.MaxUses, wish.MaxUsesPerMember, wish.Duration, wish.Months, wish.ExpiresAt?.ToUniversalTime());
        var handled = await store.Handle(Coupon.Decider, Coupon.Stream(code), new CreateCoupon(terms, clock.GetUtcNow()), ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/coupons/{Uri.EscapeDataString(code)}", View(terms, handled.State.Uses.Count));
    }

    private static async Task<Page<CouponView>> List([AsParameters] Paging paging, IQuerySession session, CancellationToken ct)
    {
        var coupons = session.Query<CouponInList>().AsQueryable();

        if (paging.Key<Guid>(out var after))
        {
            coupons = coupons.Where(c => c.Id > after);
        }

        var rows = await coupons.OrderBy(c => c.Id).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page([.. rows.Select(c => View(c.Terms, c.Uses))], c => Coupon.Stream(c.Code));
    }

    private static async Task<Results<Ok<CouponView>, ProblemHttpResult>> Get(
        string code, HttpContext http, IDocumentStore store, CancellationToken ct)
    {
        var coupon = await store.FindCoupon(code, ct);

        if (coupon.State.Terms is not { } terms)
        {
            return Problems.NotFound("coupon");
        }

        http.SetVersion(coupon.Version);

        return TypedResults.Ok(View(terms, coupon.State.Uses.Count));
    }

    private static CouponView View(CouponTerms t, int uses) => new(
        t.Code, t.PercentOff, t.AmountOff, t.MaxUses, t.MaxUsesPerMember, t.Duration, t.Months, t.ExpiresAt, uses);
}
