using System.Security.Claims;
using Community.EventStore;
using Community.Payments.Catalogue;
using Community.Payments.Orders;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Subscriptions;

internal sealed record NewTrial(Guid PlanId);

/// <param name="Until">Null: for good.</param>
internal sealed record NewComplimentary(Guid MemberId, Guid PlanId, DateTimeOffset? Until = null);

internal sealed record NewPlanOfSubscription(Guid PlanId);

/// <param name="OpenOrderId">To be paid: by the mandate, or by the member.</param>
/// <param name="Credit">Of earlier changes, for the next renewals.</param>
internal sealed record SubscriptionView(
    Guid SubscriptionId, Guid MemberId, Guid PlanId, string Name, string Tier, Money Price, PlanInterval Interval, SubscriptionSource Source,
    SubscriptionStatus Status, DateTimeOffset CurrentPeriodStart, DateTimeOffset? CurrentPeriodEnd, Guid? OpenOrderId, Money? Credit);

internal sealed record SubscriptionInListView(
    Guid SubscriptionId, Guid MemberId, Guid PlanId, string Name, string Tier, SubscriptionSource Source, SubscriptionStatus Status,
    DateTimeOffset CurrentPeriodStart, DateTimeOffset? CurrentPeriodEnd, Guid? OpenOrderId);

/// <param name="Price">After the discount.</param>
internal sealed record NextInvoiceView(Guid SubscriptionId, DateTimeOffset At, Money Price, Money CreditUsed, Money Charge, DateTimeOffset PeriodEnd);

/// <param name="Charge">To be paid before the plan changes.</param>
/// <param name="Credited">Left over, for the next renewals.</param>
internal sealed record PlanChangePreview(Guid PlanId, Money Charge, Money CreditUsed, Money Credited);

internal static class SubscriptionEndpoints
{
    public static void MapSubscriptions(this IEndpointRouteBuilder app)
    {
        var subscriptions = app.MapGroup("/subscriptions").WithTag("Subscriptions", "What goes on until somebody ends it.");
        subscriptions.MapGet("", List).WithSummary("One's own subscriptions; for operators, all");
        subscriptions.MapGet("/{id}", Get).AnswersVersion().WithSummary("A subscription, or what it was at an instant");
        subscriptions.MapGet("/{id}/history", History).WithSummary("All that happened to a subscription");
        subscriptions.MapGet("/{id}/next-invoice", Next).ProducesProblem(409).WithSummary("What the next renewal would ask, if nothing changed until then");
        subscriptions.MapPost("", Try).WithSummary("Begins the trial of a plan; a paid subscription begins by ordering the plan");
        subscriptions.MapPost("/complimentary", Grant).RequireRoles("operator").WithSummary("Gives a member a plan for nothing, until an instant or for good");
        subscriptions.MapPost("/{id}/plan", Change).AnswersVersion().TakesVersion().WithSummary("Changes the plan; a dearer one from when the difference is paid");
        subscriptions.MapPost("/{id}/plan/previews", Preview).WithSummary("What a change of plan would ask now; nothing changes");
        subscriptions.MapPost("/{id}/cancellation", (Guid id, [AsParameters] CommandContext context, CancellationToken ct) =>
            Command(id, new CancelSubscription(context.Clock.GetUtcNow()), context, ct)).TakesVersion().WithSummary("Ends it with the period that is paid");
        subscriptions.MapDelete("/{id}/cancellation", Continue).TakesVersion().WithSummary("Takes the cancellation back, before the period ends");
        subscriptions.MapPost("/{id}/refusal", Decline).TakesVersion().WithSummary("Declines what somebody else has given; what of it is not used goes back to who paid");
        subscriptions.MapPost("/{id}/pause", (Guid id, [AsParameters] CommandContext context, CancellationToken ct) =>
            Command(id, new PauseSubscription(context.Clock.GetUtcNow()), context, ct)).TakesVersion().WithSummary("Stops the running period; its days are kept");
        subscriptions.MapDelete("/{id}/pause", (Guid id, [AsParameters] CommandContext context, CancellationToken ct) =>
            Command(id, new ContinueSubscription(context.Clock.GetUtcNow()), context, ct)).TakesVersion().WithSummary("Goes on after a pause");
        subscriptions.MapDelete("/{id}", (Guid id, [AsParameters] CommandContext context, CancellationToken ct) =>
            Command(id, new RevokeSubscription(context.Clock.GetUtcNow()), context, ct)).RequireRoles("operator").TakesVersion().WithSummary("Ends it at once, without a refund");
    }

    private static bool IsSeenBy(this Subscription subscription, ClaimsPrincipal user) =>
        subscription is Begun begun && (begun.MemberId == user.MemberId() || user.May("operator"));

    private static async Task<(Begun Subscription, long Version)?> FindSubscription(
        this IDocumentStore store, Guid id, ClaimsPrincipal user, DateTimeOffset? asOf, CancellationToken ct)
    {
        var loaded = await store.Load(Subscription.Decider, Subscription.Stream(id), asOf, ct);

        return loaded.State.IsSeenBy(user) ? ((Begun)loaded.State, loaded.Version) : null;
    }

    private static async Task<Page<SubscriptionInListView>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, IQuerySession session, CancellationToken ct)
    {
        var subscriptions = session.Query<SubscriptionInList>().AsQueryable();

        if (!user.May("operator"))
        {
            var member = user.MemberId();
            subscriptions = subscriptions.Where(s => s.MemberId == member);
        }

        if (paging.Key<Guid>(out var after))
        {
            subscriptions = subscriptions.Where(s => s.SubscriptionId < after);
        }

        var rows = await subscriptions.OrderByDescending(s => s.SubscriptionId).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page(
            [.. rows.Select(s => new SubscriptionInListView(
                s.SubscriptionId, s.MemberId, s.Terms.PlanId, s.Terms.Name, s.Terms.Tier, s.Source, s.Status, s.Period.Start, s.Period.End, s.OpenOrderId))],
            s => s.SubscriptionId);
    }

    private static async Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> Get(
        Guid id, Instant? asOf, ClaimsPrincipal user, HttpContext http, IDocumentStore store, CancellationToken ct)
    {
        if (await store.FindSubscription(id, user, asOf?.Value, ct) is not var (subscription, version))
        {
            return Problems.NotFound("subscription");
        }

        http.SetVersion(version);

        return TypedResults.Ok(View(subscription));
    }

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(
        Guid id, ClaimsPrincipal user, IDocumentStore store, KeyRing keys, CancellationToken ct) =>
        await store.FindSubscription(id, user, null, ct) is not null && await store.History(keys, Subscription.Stream(id), ct) is { } history
            ? TypedResults.Ok(history)
            : Problems.NotFound("subscription");

    private static async Task<Results<Ok<NextInvoiceView>, ProblemHttpResult>> Next(
        Guid id, ClaimsPrincipal user, IDocumentStore store, CancellationToken ct)
    {
        if (await store.FindSubscription(id, user, null, ct) is not var (subscription, _))
        {
            return Problems.NotFound("subscription");
        }

        return subscription is Live { Next: var (period, used, charge) }
            ? TypedResults.Ok(new NextInvoiceView(id, period.Start, charge with { Amount = charge.Amount + used.Amount }, used, charge, period.End ?? period.Start))
            : Problems.Problem(StatusCodes.Status409Conflict, "subscription-does-not-renew", "There is no renewal to come.");
    }

    private static async Task<Results<Created<SubscriptionView>, ProblemHttpResult>> Try(
        NewTrial wish, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var plan = (await store.Load(Plan.Decider, Plan.Stream(wish.PlanId), null, ct)).State;

        if (plan is not { Status: PlanStatus.Offered, Terms: { } terms })
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "plan-unknown", "Nothing is offered under this id.");
        }

        if (plan.TrialDays == 0)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "plan-without-trial", "This plan cannot be tried: order it.");
        }

        // The id says who tries what: so nobody tries a tier twice.
        var (now, id) = (clock.GetUtcNow(), StreamId.Of("trial", $"{user.MemberId()}/{terms.Tier}"));

        if ((await store.HadBy(user.MemberId(), ct)).OfType<Live>().FirstOrDefault(s => s.Terms.Tier == terms.Tier && s.SubscriptionId != id) is { } held)
        {
            return held.Bar().ToProblem();
        }

        var start = new StartSubscription(
            id, user.MemberId(), terms, SubscriptionSource.Trial, null, null, null,
            Subscription.None(terms.Price), now.AddDays(plan.TrialDays), now);

        return await Started(start, store, ct);
    }

    private static async Task<Results<Created<SubscriptionView>, ProblemHttpResult>> Grant(
        NewComplimentary wish, HttpContext http, KnownMembers members, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        if (wish.Until <= now)
        {
            throw new InvalidParameter("until", "must lie in the future");
        }

        if ((await store.Load(Plan.Decider, Plan.Stream(wish.PlanId), null, ct)).State.Terms is not { } terms)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "plan-unknown", "There is no such plan.");
        }

        if (!await members.Knows(wish.MemberId, ct))
        {
            return KnownMembers.Unknown.ToProblem();
        }

        var given = wish.Until is null ? terms with { Interval = PlanInterval.Once, Days = null } : terms;
        var start = new StartSubscription(
            http.NewId(clock), wish.MemberId, given, SubscriptionSource.Complimentary, null, null, null,
            Subscription.None(terms.Price), wish.Until?.ToUniversalTime(), now);

        return await Started(start, store, ct);
    }

    private static async Task<Results<Created<SubscriptionView>, ProblemHttpResult>> Started(
        StartSubscription start, IDocumentStore store, CancellationToken ct)
    {
        var handled = await store.Handle(Subscription.Decider, Subscription.Stream(start.SubscriptionId), start, ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/subscriptions/{start.SubscriptionId}", View((Begun)handled.State));
    }

    private static async Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> Change(
        Guid id, NewPlanOfSubscription wish, [AsParameters] CommandContext context, CancellationToken ct)
    {
        var (user, http, store, clock) = context;
        var plan = (await store.Load(Plan.Decider, Plan.Stream(wish.PlanId), null, ct)).State;

        if (plan is not { Status: PlanStatus.Offered, Terms: { } terms })
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "plan-unknown", "Nothing is offered under this id.");
        }

        if (await store.FindSubscription(id, user, null, ct) is var (found, _)
            && (await store.HadBy(found.MemberId, ct)).Holding(terms.Tier, but: id) is { } held)
        {
            return held.Bar().ToProblem();
        }

        var handled = await store.Handle(
            Subscription.Decider.Where(s => s.IsSeenBy(user)), Subscription.Stream(id), new ChangePlan(http.NewId(clock), terms, clock.GetUtcNow()),
            new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        if (handled.Rejection is { } rejection)
        {
            return Refused(rejection);
        }

        http.SetVersion(handled.Version);

        return TypedResults.Ok(View((Begun)handled.State));
    }

    private static async Task<Results<Ok<PlanChangePreview>, ProblemHttpResult>> Preview(
        Guid id, NewPlanOfSubscription wish, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (await store.FindSubscription(id, user, null, ct) is not var (subscription, _))
        {
            return Problems.NotFound("subscription");
        }

        if ((await store.Load(Plan.Decider, Plan.Stream(wish.PlanId), null, ct)).State is not { Status: PlanStatus.Offered, Terms: { } terms })
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "plan-unknown", "Nothing is offered under this id.");
        }

        var now = clock.GetUtcNow();
        var decision = Subscription.Decider.Decide(subscription, new ChangePlan(Guid.Empty, terms, now));

        if (decision.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        var none = Subscription.None(terms.Price);

        return TypedResults.Ok(decision.Events switch
        {
            [PlanChangeAsked e] => new PlanChangePreview(terms.PlanId, e.Charge, e.CreditUsed, none),
            [SubscriptionChanged e] => new PlanChangePreview(terms.PlanId, none, e.CreditUsed, e.Credited),
            _ => new PlanChangePreview(terms.PlanId, none, none, none)
        });
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Continue(
        Guid id, [AsParameters] CommandContext context, CancellationToken ct) =>
        await context.Store.FindSubscription(id, context.User, null, ct) is (Live { Cancelled: true } cancelled, _)
            && (await context.Store.HadBy(cancelled.MemberId, ct)).Holding(cancelled.Terms.Tier, but: id) is { } held
            ? held.Bar().ToProblem()
            : await Command(id, new ContinueSubscription(context.Clock.GetUtcNow()), context, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Decline(
        Guid id, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        // Nobody declines for somebody else.
        var handled = await store.Handle(
            Subscription.Decider.Where(s => s is Begun begun && begun.MemberId == user.MemberId()), Subscription.Stream(id),
            new DeclineSubscription(clock.GetUtcNow()), new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);

        return handled.Rejection is { } rejection ? Refused(rejection) : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Command(
        Guid id, SubscriptionCommand command, CommandContext context, CancellationToken ct)
    {
        var handled = await context.Store.Handle(
            Subscription.Decider.Where(s => s.IsSeenBy(context.User)), Subscription.Stream(id), command,
            new CommandOptions { ExpectedVersion = context.Http.ExpectedVersion() }, ct);

        return handled.Rejection is { } rejection ? Refused(rejection) : TypedResults.NoContent();
    }

    private static ProblemHttpResult Refused(Rejection rejection) =>
        rejection == Rejection.NotFound ? Problems.NotFound("subscription") : rejection.ToProblem();

    private static SubscriptionView View(Begun s)
    {
        var live = s as Live;
        var terms = s.Terms;

        return new SubscriptionView(
            s.SubscriptionId, s.MemberId, terms.PlanId, terms.Name, terms.Tier, terms.Price, terms.Interval, s.Source,
            StatusOf(live), s.Period.Start, s.Period.End, live?.Due?.OrderId ?? live?.Change?.OrderId, live is { Credit.Amount: > 0 } ? live.Credit : null);
    }

    private static SubscriptionStatus StatusOf(Live? live) => live switch
    {
        null => SubscriptionStatus.Ended,
        { Cancelled: true } => SubscriptionStatus.Cancelled,
        { PausedAt: not null } => SubscriptionStatus.Paused,
        { Due.Attempt: > 0 } => SubscriptionStatus.PastDue,
        { IsTrial: true } => SubscriptionStatus.Trialing,
        _ => SubscriptionStatus.Active
    };
}
