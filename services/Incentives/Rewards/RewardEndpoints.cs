using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Security.Cryptography;
using Community.EventStore;
using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.Privacy;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Rewards;

/// <param name="Stock">How many there are; of a digital reward as many as there are codes.</param>
/// <param name="Codes">One for each redemption of a digital reward.</param>
/// <param name="PlanId">Whose tier it gives for <paramref name="Days"/>, at the end of what the member has of it.</param>
/// <param name="PercentOff">Of one order of the member's, by a coupon that ends after <paramref name="ValidDays"/>.</param>
internal sealed record NewReward(
    [property: Text(100)] string Name, RewardKind Kind, [property: Range(1, 10_000_000)] int Points,
    [property: Range(1, 10_000)] int? Stock = null, [property: Range(1, 1_000)] int? PerMember = null, [property: Range(1, 100)] int? Level = null,
    [property: MaxLength(1_000), Text(200)] IReadOnlyList<string>? Codes = null,
    Guid? PlanId = null, [property: Range(1, 3_650)] int? Days = null,
    [property: Range(1, 100)] int? PercentOff = null, [property: Range(1, 730)] int? ValidDays = null)
{
    /// <summary>What of the fields belongs to another kind, or is missing; null: nothing.</summary>
    internal (string Field, string Fault)? Misplaced =>
        Kind == RewardKind.Digital != Codes is { Count: > 0 } ? ("codes", Kind == RewardKind.Digital ? "are what a digital reward gives" : "are of digital rewards only")
        : this is { Codes: not null, Stock: not null } ? ("stock", "of a digital reward is the number of its codes")
        : Wrong("planId", RewardKind.TierDays, PlanId is not null) ?? Wrong("days", RewardKind.TierDays, Days is not null)
            ?? Wrong("percentOff", RewardKind.Coupon, PercentOff is not null) ?? Wrong("validDays", RewardKind.Coupon, ValidDays is not null);

    internal RewardGrant? Grant => Kind is RewardKind.TierDays or RewardKind.Coupon ? new(PlanId, Days, PercentOff, ValidDays) : null;

    private (string, string)? Wrong(string field, RewardKind of, bool isGiven) =>
        isGiven == (Kind == of) ? null : (field, isGiven ? $"is of rewards of kind {of.ToWord()} only" : $"is required of a reward of kind {of.ToWord()}");
}

/// <param name="Address">Where a physical reward goes. Only operators read it, and it is erased once the reward was sent.</param>
internal sealed record NewRedemption(Guid RewardId, [property: Text(500, MultiLine = true)] string? Address = null);

internal sealed record Fulfilment([property: Text(500)] string? Note = null);

internal sealed record Cancellation([property: Text(500)] string? Reason = null);

/// <param name="Code">Of a digital reward or a coupon, for the member.</param>
/// <param name="Address">Of a physical reward, until it was sent.</param>
internal sealed record RedemptionAnswer(
    Guid RedemptionId, Guid RewardId, Guid MemberId, int Points, RedemptionStatus Status, string? Code, string? Address, DateTimeOffset At);

/// <param name="Outstanding">Points that members could spend.</param>
/// <param name="Open">Points that were spent on what was not sent yet.</param>
/// <param name="Spent">Points that were spent on rewards in this month of the community.</param>
/// <param name="Budget">So many may be spent in a month; null: any number.</param>
internal sealed record LiabilityAnswer(long Outstanding, long Open, long Spent, int? Budget);

/// <param name="PointsPerMonth">Null: any number.</param>
internal sealed record BudgetRequest([property: Range(0, 1_000_000_000)] int? PointsPerMonth = null);

internal static class RewardEndpoints
{
    public static IHostApplicationBuilder AddRewards(this IHostApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new RewardLists(options), ProjectionLifecycle.Inline));
        builder.AddConsumer<ForgetAddressesWhenMemberErased>();
        builder.AddConsumer<FollowGrants>();
        builder.Services.AddSingleton<IStorePart, RewardCodes>();
        builder.Services.AddSingleton<RewardQueries>();
        builder.Services.AddSingleton<RewardDesk>();

        return builder;
    }

    public static void MapRewards(this IEndpointRouteBuilder app)
    {
        var rewards = app.MapGroup("").WithTag("Rewards", "What can be had for points.");
        rewards.MapGet("/rewards", Offered).WithSummary("The rewards that are offered");
        rewards.MapPost("/rewards", Offer).RequireRoles("operator").WithSummary("Offers a reward");
        rewards.MapDelete("/rewards/{id:guid}", Retire).RequireRoles("operator").WithSummary("Offers a reward no longer");
        rewards.MapGet("/rewards/liability", Liability).RequireRoles("operator").WithSummary("The points that members could spend, those spent on what was not sent yet, and the budget of the month");
        rewards.MapPut("/rewards/budget", SetBudget).RequireRoles("operator").WithSummary("Sets how many points may be spent on rewards in a month");
        rewards.MapPost("/redemptions", Redeem).WithSummary("Has a reward for points").ProducesProblem(StatusCodes.Status404NotFound);
        rewards.MapGet("/redemptions", Redemptions).WithSummary("One's own redemptions, or for operators everybody's, the latest first");
        rewards.MapGet("/redemptions/{id:guid}", Get).WithSummary("A redemption, with its code or address for whom it concerns");
        rewards.MapPost("/redemptions/{id:guid}/fulfilment", Fulfil).RequireRoles("operator").WithSummary("Says that a reward was sent, and erases the address");
        rewards.MapPost("/redemptions/{id:guid}/cancellation", Cancel).WithSummary("Gives the points back; for the member until it was sent, and for operators");
    }

    private static async Task<Ok<Page<RewardAnswer>>> Offered([AsParameters] Paging paging, RewardQueries rewards, CancellationToken ct)
    {
        var rows = await rewards.Offered(paging.Key<Guid>(out var after) ? after : null, paging.Size + 1, ct);

        return TypedResults.Ok(paging.Page(rows, row => row.RewardId));
    }

    private static async Task<Results<Created<RewardAnswer>, ProblemHttpResult>> Offer(
        NewReward body, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (body.Misplaced is ({ } field, { } fault))
        {
            throw new InvalidParameter(field, fault);
        }

        var id = http.NewId(clock);
        var stock = body.Codes?.Count ?? body.Stock;
        var offer = new RewardOffered(id, body.Name, body.Kind, body.Points, stock, body.PerMember, body.Level, clock.GetUtcNow()) { Grant = body.Grant };
        var handled = await store.Handle(Reward.Decider, id, new OfferReward(offer), new CommandOptions
        {
            WriteWithEvents = session =>
            {
                foreach (var (n, code) in (body.Codes ?? []).Index())
                {
                    session.QueueSqlCommand("insert into reward_codes (reward_id, number, code) values (?, ?, ?)", id, n + 1, code);
                }
            }
        }, ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created("/rewards", new RewardAnswer(id, body.Name, body.Kind, body.Points, stock, body.PerMember, body.Level) { Grant = body.Grant });
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Retire(Guid id, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        Answer(await store.Handle(Reward.Decider, id, new RetireReward(clock.GetUtcNow()), ct));

    private static async Task<LiabilityAnswer> Liability(RewardQueries rewards, IDocumentStore store, CommunityZone zone, TimeProvider clock, CancellationToken ct)
    {
        var (outstanding, open) = await rewards.Liability(ct);
        var (from, until) = (await zone.Now(ct)).MonthOf(clock.GetUtcNow());
        var budget = (await store.Load(RewardBudget.Decider, RewardBudget.Stream, asOf: null, ct)).State;

        return new LiabilityAnswer(outstanding, open, await rewards.Spent(from, until, ct), budget?.PointsPerMonth);
    }

    private static async Task<NoContent> SetBudget(BudgetRequest body, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        await store.Handle(RewardBudget.Decider, RewardBudget.Stream, new RewardBudgetSet(body.PointsPerMonth, clock.GetUtcNow()), ct);

        return TypedResults.NoContent();
    }

    /// <summary>The instants at which the month of the community begins and ends.</summary>
    internal static (DateTimeOffset From, DateTimeOffset Until) MonthOf(this TimeZoneInfo zone, DateTimeOffset at)
    {
        var day = zone.DayOf(at);
        var first = new DateOnly(day.Year, day.Month, 1);

        return (zone.StartOf(first), zone.StartOf(first.AddMonths(1)));
    }

    private static async Task<Results<Created<RedemptionAnswer>, ProblemHttpResult>> Redeem(
        NewRedemption body, ClaimsPrincipal user, HttpContext http, RewardDesk desk, TimeProvider clock, CancellationToken ct)
    {
        var id = http.NewId(clock);

        return await desk.Redeem(id, body, user.MemberId(), ct) is { } refusal
            ? refusal
            : TypedResults.Created($"/redemptions/{id}", (await desk.Show(id, user, ct))!);
    }

    private static async Task<Ok<Page<RedemptionItem>>> Redemptions(
        [AsParameters] Paging paging, bool? everybodys, EnumParameter<RedemptionStatus>? status, ClaimsPrincipal user, RewardQueries rewards, CancellationToken ct)
    {
        var whose = everybodys == true && user.May("operator") ? (Guid?)null : user.MemberId();
        var rows = await rewards.Redemptions(whose, status?.Value, paging.Key<RedemptionKey>(out var after) ? after : null, paging.Size + 1, ct);

        return TypedResults.Ok(paging.Page(rows, row => new RedemptionKey(row.At, row.RedemptionId)));
    }

    private static async Task<Results<Ok<RedemptionAnswer>, ProblemHttpResult>> Get(Guid id, ClaimsPrincipal user, RewardDesk desk, CancellationToken ct) =>
        await desk.Show(id, user, ct) is { } redemption ? TypedResults.Ok(redemption) : Problems.NotFound("redemption");

    private static async Task<Results<NoContent, ProblemHttpResult>> Fulfil(Guid id, Fulfilment body, RewardDesk desk, CancellationToken ct) =>
        Answer(await desk.Fulfil(id, body.Note, ct));

    private static async Task<Results<NoContent, ProblemHttpResult>> Cancel(Guid id, Cancellation body, ClaimsPrincipal user, RewardDesk desk, CancellationToken ct) =>
        Answer(await desk.Cancel(id, body.Reason, user, ct));

    private static Results<NoContent, ProblemHttpResult> Answer<TState>(Handled<TState> handled) =>
        handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();
}

/// <summary>Redemptions: the stock, the points and the redemption hold or fall together.</summary>
internal sealed class RewardDesk(
    IDocumentStore store, RewardQueries rewards, PointsQueries points, LevelsAccess levels, Wallets wallets, WordsAbout words, KeyRing keys, CommunityZone zone, TimeProvider clock)
{
    /// <summary>Why the member does not get it; null: it was redeemed.</summary>
    public async Task<ProblemHttpResult?> Redeem(Guid id, NewRedemption body, Guid memberId, CancellationToken ct)
    {
        var reward = (await store.Load(Reward.Decider, body.RewardId, asOf: null, ct)).State;

        if (reward.Offer is not { } offer)
        {
            return Problems.NotFound("reward");
        }

        if (offer.Kind == RewardKind.Physical != body.Address is not null)
        {
            throw new InvalidParameter("address", offer.Kind == RewardKind.Physical ? "is where it is sent, and is required" : "is for what is sent only");
        }

        var now = clock.GetUtcNow();
        var level = (await levels.Scale(ct)).At((await points.Balance(memberId, ct)).Lifetime).Number;
        var take = new TakeReward(id, memberId, offer.Points, level, now);

        // Who gets nothing leaves no key behind.
        if (!reward.Held.ContainsKey(id) && (Reward.Decider.Decide(reward, take).Rejection ?? await wallets.Refusal(memberId, offer.Points, ct)) is { } refusal)
        {
            return refusal.ToProblem();
        }

        var address = body.Address is { } clear ? (await keys.Create([id], ct)).Seal(id, clear) : null;
        var redeem = new RedeemReward(new(id, offer.RewardId, memberId, offer.Kind, offer.Points, address, now)
        {
            Grant = offer.Grant,
            Code = offer.Kind == RewardKind.Coupon ? $"R-{RandomNumberGenerator.GetString("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", 12)}" : null
        });
        var handled = await store.Handle(
            Reward.Decider, offer.RewardId, take,
            new CommandOptions
            {
                AtMost = Reward.Changes,
                Together =
                [
                    await wallets.Spend(id, memberId, offer.Points, ct), Besides.Of(Redemption.Decider, id, (RedemptionCommand)redeem), .. await Charge(id, offer.Points, now, ct)
                ]
            }, ct);

        return handled.Rejection?.ToProblem();
    }

    // Without a budget nothing is counted: who redeems waits for nobody.
    private async Task<IReadOnlyList<Besides>> Charge(Guid id, int points, DateTimeOffset now, CancellationToken ct)
    {
        if ((await store.Load(RewardBudget.Decider, RewardBudget.Stream, asOf: null, ct)).State?.PointsPerMonth is not { } budget)
        {
            return [];
        }

        var community = await zone.Now(ct);
        var (from, until) = community.MonthOf(now);
        var charge = new ChargeMonth(id, points, budget, await rewards.Spent(from, until, ct), now);

        return [Besides.Of(RewardMonth.Decider, RewardMonth.Stream(community.DayOf(now)), (MonthCommand)charge)];
    }

    /// <summary>What becomes of points, stock and budget where a redemption is cancelled.</summary>
    public async Task<IReadOnlyList<Besides>> GivesBack(RewardRedeemed redeemed, CancellationToken ct)
    {
        var now = clock.GetUtcNow();

        return
        [
            wallets.Refund(redeemed.RedemptionId, redeemed.MemberId),
            Besides.Of(Reward.Decider, redeemed.RewardId, (RewardCommand)new ReturnReward(redeemed.RedemptionId, now)),
            Besides.Of(RewardMonth.Decider, RewardMonth.Stream((await zone.Now(ct)).DayOf(redeemed.At)), (MonthCommand)new ReleaseMonth(redeemed.RedemptionId, now))
        ];
    }

    public async Task<RedemptionAnswer?> Show(Guid id, ClaimsPrincipal user, CancellationToken ct)
    {
        var redemption = (await store.Load(Redemption.Decider, id, asOf: null, ct)).State;

        if (redemption.Redeemed is not { } redeemed || (redeemed.MemberId != user.MemberId() && !user.May("operator")))
        {
            return null;
        }

        var code = redeemed.MemberId != user.MemberId() ? null
            : redeemed.Kind == RewardKind.Digital ? await rewards.Code(id, ct)
            : redemption.Status == RedemptionStatus.Fulfilled ? redeemed.Code
            : null;
        var address = redeemed.Address is { } written ? (await keys.Find([id], ct)).Open(written) : null;

        return new RedemptionAnswer(id, redeemed.RewardId, redeemed.MemberId, redeemed.Points, redemption.Status, code, address, redeemed.At);
    }

    public async Task<Handled<Redemption>> Fulfil(Guid id, string? note, CancellationToken ct)
    {
        var redeemed = (await store.Load(Redemption.Decider, id, asOf: null, ct)).State.Redeemed;
        var about = redeemed is null ? null : await words.Seal(redeemed.MemberId, note, ct);

        return await store.Handle(
            Redemption.Decider, id, new FulfilRedemption(about, clock.GetUtcNow()), new CommandOptions { WriteWithEvents = session => session.EraseKey(id) }, ct);
    }

    public async Task<Handled<Redemption>> Cancel(Guid id, string? reason, ClaimsPrincipal user, CancellationToken ct)
    {
        var (redemption, version) = await store.Load(Redemption.Decider, id, asOf: null, ct);

        if (redemption.Redeemed is not { } redeemed || (redeemed.MemberId != user.MemberId() && !user.May("operator")))
        {
            return new(redemption, version, false, Rejection.NotFound);
        }

        if (redemption.Status == RedemptionStatus.Fulfilled && !user.May("operator"))
        {
            return new(redemption, version, false, new Rejection("redemption-fulfilled", "What was sent or seen is taken back by operators only."));
        }

        var now = clock.GetUtcNow();

        return await store.Handle(
            Redemption.Decider, id, new CancelRedemption(await words.Seal(redeemed.MemberId, reason, ct), now),
            new CommandOptions
            {
                // A member cancels what they saw waiting.
                ExpectedVersion = user.May("operator") ? null : version,
                WriteWithEvents = session => session.EraseKey(id),
                // Payments says whether it is taken back: until then the points are spent.
                Together = redeemed.Grant is null ? await GivesBack(redeemed, ct) : []
            }, ct);
    }
}

/// <summary>Where open redemptions of a person who is forgotten would go is forgotten too, and what staff wrote about the person.</summary>
internal sealed class ForgetAddressesWhenMemberErased(IDocumentStore store, RewardQueries rewards) : IConsumer<MemberErased>
{
    public async Task Consume(ConsumeContext<MemberErased> context)
    {
        var open = await rewards.Open(context.Message.MemberId, context.CancellationToken);
        await store.Once(context, session =>
        {
            foreach (var redemption in open)
            {
                session.EraseKey(redemption);
            }

            session.EraseKey(context.Message.MemberId);
        });
    }
}
