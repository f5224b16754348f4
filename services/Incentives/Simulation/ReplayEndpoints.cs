using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Privacy;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Simulation;

/// <param name="Since">A day of the community from which the candidate holds; the whole past where it is not given.</param>
internal sealed record ReplayRequest([property: MaxLength(100)] IReadOnlyList<EarningRule> Rules, DateOnly? Since = null);

internal sealed record ReplayItem(Guid ReplayId, ReplayStatus Status, long Progress, long Total, int? AppliedAs, DateTimeOffset StartedAt);

/// <param name="Progress">Activities that were counted, of <paramref name="Total"/>.</param>
/// <param name="RewardCost">Points that members could spend on rewards as it is now, and as it would be.</param>
/// <param name="Winners">Those who gain most.</param>
/// <param name="Losers">Those who lose most.</param>
/// <param name="AppliedAs">The version as which it was adopted.</param>
internal sealed record ReplayAnswer(
    Guid ReplayId, ReplayStatus Status, long Progress, long Total, IReadOnlyList<EarningRule> Rules, ReplayTotals? Totals, ReplayTotals? RewardCost, IReadOnlyList<MemberOutcome> Winners,
    IReadOnlyList<MemberOutcome> Losers, IReadOnlyList<LevelMove> LevelMoves, IReadOnlyList<ReplayQuantile> Distribution, int? AppliedAs, DateTimeOffset StartedAt);

internal sealed record ReplayEntry(string Rule, int Points);

internal sealed record ReplayDifference(string Cause, string Activity, DateTimeOffset At, IReadOnlyList<ReplayEntry> Before, IReadOnlyList<ReplayEntry> After);

/// <param name="Differences">The latest activities that would pay otherwise, at most a hundred.</param>
internal sealed record ReplayMemberAnswer(Guid MemberId, long Before, long After, IReadOnlyList<ReplayDifference> Differences);

/// <param name="From">now, or a day of the community from which on the ledger is brought to the new rules by further entries.</param>
internal sealed record ReplayApplication([property: RegularExpression("now|[0-9]{4}-[0-9]{2}-[0-9]{2}", ErrorMessage = "must be now or a date")] string From);

internal static class ReplayEndpoints
{
    private const int MostDifferences = 100;

    public static IHostApplicationBuilder AddSimulation(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IStorePart, ReplayTables>();
        builder.Services.AddSingleton<Replays>();
        builder.Services.AddHostedService<RunReplays>();

        return builder;
    }

    public static void MapSimulation(this IEndpointRouteBuilder app)
    {
        var replays = app.MapGroup("/rules/replays").RequireRoles("operator").WithTag("Replays", "A candidate rule set tried on all that was recorded; nothing changes until it is applied.");
        replays.MapPost("", Start).WithSummary("Tries a rule set on the recorded activities");
        replays.MapGet("", List).WithSummary("The replays, the latest first");
        replays.MapGet("{id:guid}", Get).WithSummary("How far a replay is, and what came of it");
        replays.MapGet("{id:guid}/members/{memberId:guid}", OfMember).WithSummary("What one member would have by both rule sets, activity by activity");
        replays.MapPost("{id:guid}/cancellation", Cancel).WithSummary("Ends a replay that runs");
        replays.MapPost("{id:guid}/application", Apply).WithSummary("Adopts the rule set of a finished replay, from now or from a day on");
    }

    private static async Task<Results<Accepted<ReplayItem>, ProblemHttpResult>> Start(
        ReplayRequest request, HttpContext http, Replays replays, CommunityZone community, TimeProvider clock, CancellationToken ct)
    {
        RuleEndpoints.Check(request.Rules);
        var (id, now) = (http.NewId(clock), clock.GetUtcNow());
        await replays.Start(id, [.. request.Rules], request.Since is { } day ? (await community.Now(ct)).StartOf(day) : DateTimeOffset.MinValue, now, ct);

        return await replays.Find(id, ct) is { } replay
            ? TypedResults.Accepted($"/rules/replays/{id}", Item(replay))
            : Problems.Problem(StatusCodes.Status409Conflict, "too-many-replays", $"{Replays.AtOnce} replays run or wait. Cancel one, or wait until one has ended.");
    }

    private static async Task<Ok<Page<ReplayItem>>> List([AsParameters] Paging paging, Replays replays, CancellationToken ct)
    {
        var rows = await replays.Latest(paging.Key<DateTimeOffset>(out var after) ? after : null, paging.Size + 1, ct);
        var page = paging.Page(rows, row => row.StartedAt);

        return TypedResults.Ok(new Page<ReplayItem>([.. page.Items.Select(Item)], page.Next));
    }

    private static async Task<Results<Ok<ReplayAnswer>, ProblemHttpResult>> Get(Guid id, Replays replays, CancellationToken ct) =>
        await replays.Find(id, ct) is { } replay
            ? TypedResults.Ok(new ReplayAnswer(
                replay.ReplayId, replay.Status, replay.Progress, replay.Total, replay.Rules, replay.Totals, replay.RewardCost,
                replay.Totals is null ? [] : await replays.Extremes(id, 1, ct), replay.Totals is null ? [] : await replays.Extremes(id, -1, ct),
                replay.LevelMoves, replay.Distribution, replay.AppliedAs, replay.StartedAt))
            : Problems.NotFound("replay");

    private static async Task<Results<Ok<ReplayMemberAnswer>, ProblemHttpResult>> OfMember(
        Guid id, Guid memberId, Replays replays, RulesInForce rulesInForce, CancellationToken ct)
    {
        if (await replays.Find(id, ct) is not { } replay)
        {
            return Problems.NotFound("replay");
        }

        var rules = await rulesInForce.Read(ct);
        var (before, after) = (new Earning(rules), new Earning(rules.With(replay.Rules, replay.Since)));
        var (sums, differences) = ((Before: 0L, After: 0L), new Queue<ReplayDifference>());
        var (paidBefore, paidAfter) = (new List<Award>(), new List<Award>());

        await foreach (var fact in replays.Facts(memberId, ct))
        {
            paidBefore.Clear();
            paidAfter.Clear();
            before.Add(fact, paidBefore);
            after.Add(fact, paidAfter);
            sums = (sums.Before + paidBefore.Sum(award => (long)award.Points), sums.After + paidAfter.Sum(award => (long)award.Points));
            var (old, @new) = (Entries(paidBefore), Entries(paidAfter));

            if (!old.SequenceEqual(@new))
            {
                differences.Enqueue(new ReplayDifference(fact.Cause, fact.Activity, fact.At, old, @new));

                if (differences.Count > MostDifferences)
                {
                    differences.Dequeue();
                }
            }
        }

        return TypedResults.Ok(new ReplayMemberAnswer(memberId, sums.Before, sums.After, [.. differences.Reverse()]));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Cancel(Guid id, Replays replays, CancellationToken ct) =>
        await replays.Find(id, ct) is null ? Problems.NotFound("replay")
        : await replays.Cancel(id, ct) ? TypedResults.NoContent()
        : Problems.Problem(StatusCodes.Status409Conflict, "replay-ended", "It has ended already.");

    private static async Task<Results<Created<RuleSetAnswer>, ProblemHttpResult>> Apply(
        Guid id, ReplayApplication body, [AsParameters] ReplayServices services, CancellationToken ct)
    {
        // Before the replay is read: who has applied it meanwhile has changed the version.
        var (history, version) = await services.Store.Load(RuleSetHistory.Decider, RuleSetHistory.Stream, asOf: null, ct);

        if (await services.Replays.Find(id, ct) is not { } replay)
        {
            return Problems.NotFound("replay");
        }

        if (replay.Status != ReplayStatus.Finished)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "replay-not-finished", "Only a replay that has finished can be applied.");
        }

        if (replay.AppliedAs is not null)
        {
            return Problems.Problem(StatusCodes.Status409Conflict, "replay-applied", "It was applied already.");
        }

        DateTimeOffset? from = null;

        if (body.From != "now")
        {
            if (!DateOnly.TryParseExact(body.From, "yyyy-MM-dd", out var day))
            {
                throw new InvalidParameter("from", "must be now or a date");
            }

            from = (await services.Community.Now(ct)).StartOf(day);
        }

        try
        {
            var adopt = new AdoptRuleSet(replay.Rules, from, services.Clock.GetUtcNow());
            var handled = await services.Store.Handle(RuleSetHistory.Decider, RuleSetHistory.Stream, adopt, new CommandOptions
            {
                ExpectedVersion = version,
                AtMost = RuleSetHistory.Changes,
                WriteWithEvents = session => Replays.Applied(session, id, history.Latest.Version + 1)
            }, ct);

            if (handled.Rejection is { } rejection)
            {
                return rejection.ToProblem();
            }

            if (!handled.Appended)
            {
                await services.Replays.Applied(id, handled.State.Latest.Version, ct);
            }

            return TypedResults.Created("/rules", RuleSetAnswer.Of(handled.State.Latest));
        }
        catch (VersionConflictException)
        {
            return await Apply(id, body, services, ct);
        }
    }

    private static ReplayItem Item(ReplayState replay) =>
        new(replay.ReplayId, replay.Status, replay.Progress, replay.Total, replay.AppliedAs, replay.StartedAt);

    private static List<ReplayEntry> Entries(List<Award> awards) => [.. awards.Select(award => new ReplayEntry(award.Rule, award.Points))];

    internal sealed record ReplayServices(Replays Replays, IDocumentStore Store, CommunityZone Community, TimeProvider Clock);
}
