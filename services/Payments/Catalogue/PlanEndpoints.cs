using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Payments.Gateways;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Catalogue;

/// <summary>A plan that one can subscribe to now.</summary>
internal sealed record PlanOnOffer(Guid Id, Terms Terms, int TrialDays);

internal sealed partial class PlansOnOffer : SingleStreamProjection<PlanOnOffer, Guid>
{
    public PlansOnOffer() => DeleteEvent<PlanWithdrawn>();

    public static PlanOnOffer Create(IEvent<PlanOffered> e) => new(e.StreamId, e.Data.Terms, e.Data.TrialDays);
}

internal sealed record NewPlan(
    [property: Text(200)] string Name, [property: Text(50)] string Tier, [property: Positive] Money Price, PlanInterval Interval,
    [property: Range(0, 365)] int? TrialDays = null, [property: Range(1, 3660)] int? Days = null);

/// <param name="Days">The length of a pass; null: it renews, or is for good.</param>
internal sealed record PlanView(
    Guid PlanId, Guid ProductId, string Name, string Tier, Money Price, PlanInterval Interval, int TrialDays, int? Days);

internal static class PlanEndpoints
{
    public static void MapPlans(this IEndpointRouteBuilder app)
    {
        var plans = app.MapGroup("/plans").WithTag("Plans", "What one can subscribe to.");
        plans.MapGet("", List).AllowAnonymous().WithSummary("The plans on offer");
        plans.MapGet("/{id}", Get).AllowAnonymous().WithSummary("A plan on offer");
        plans.MapPost("", Offer).RequireRoles("operator").WithSummary("Offers a plan, which is a product from now on");
        plans.MapDelete("/{id}", Withdraw).RequireRoles("operator").WithSummary("Takes a plan off the offer; who has subscribed goes on");
    }

    private static async Task<Page<PlanView>> List([AsParameters] Paging paging, IQuerySession session, CancellationToken ct)
    {
        var plans = session.Query<PlanOnOffer>().AsQueryable();

        if (paging.Key<Guid>(out var after))
        {
            plans = plans.Where(plan => plan.Id > after);
        }

        var rows = await plans.OrderBy(plan => plan.Id).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page([.. rows.Select(plan => View(plan.Id, plan.Terms, plan.TrialDays))], plan => plan.PlanId);
    }

    private static async Task<Results<Ok<PlanView>, ProblemHttpResult>> Get(Guid id, IQuerySession session, CancellationToken ct) =>
        await session.LoadAsync<PlanOnOffer>(id, ct) is { } plan
            ? TypedResults.Ok(View(id, plan.Terms, plan.TrialDays))
            : Problems.NotFound("plan");

    private static async Task<Results<Created<PlanView>, ProblemHttpResult>> Offer(
        NewPlan wish, [AsParameters] CommandContext context, Tax tax, IEnumerable<IGateway> gateways, CancellationToken ct)
    {
        var (_, http, store, clock) = context;

        if (gateways.Refuse(wish.Price) is { } notTaken)
        {
            return notTaken.ToProblem();
        }

        var tier = NormalizedText.Tier(wish.Tier) ?? throw new InvalidParameter("tier", "must have 1 to 50 characters that are seen");
        var (id, now) = (http.NewId(clock), clock.GetUtcNow());
        var terms = new Terms(id, wish.Name, tier, wish.Price, wish.Interval) { TaxPercent = tax.Percent, Days = wish.Days };
        var handled = await store.Handle(
            Plan.Decider, Plan.Stream(id), new OfferPlan(terms, wish.TrialDays ?? 0, now),
            new CommandOptions { Together = [Besides.Append(Product.Stream(id), new ProductOffered("plan", id, wish.Name, wish.Price, now))] }, ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/plans/{id}", View(id, handled.State.Terms!, handled.State.TrialDays));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Withdraw(Guid id, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var handled = await store.Handle(
            Plan.Decider, Plan.Stream(id), new WithdrawPlan(now),
            new CommandOptions { Together = [Besides.Append(Product.Stream(id), new ProductWithdrawn(now))] }, ct);

        return handled.Rejection is { } rejection
            ? rejection == Rejection.NotFound ? Problems.NotFound("plan") : rejection.ToProblem()
            : TypedResults.NoContent();
    }

    private static PlanView View(Guid id, Terms terms, int trialDays) =>
        new(id, id, terms.Name, terms.Tier, terms.Price, terms.Interval, trialDays, terms.Days);
}
