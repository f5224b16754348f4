using System.Security.Claims;
using Community.Analytics.Exports;
using Community.EventStore;
using Community.Privacy;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Analytics.Decisions;

/// <param name="Note">Why, in the words of who resolved it.</param>
internal sealed record ResolutionWish(DecisionAction Action, [property: Text(1_000, MultiLine = true)] string? Note = null);

internal sealed record ResolutionView(DecisionAction Action, string? Note, Guid By, DateTimeOffset At);

/// <summary>A draft for incentives: what these activities earn, times a factor.</summary>
internal sealed record IncentiveDraft(string Activity, double Factor);

/// <param name="Rule">mostly-reading, mostly-discussing, diverse, churn-above-forecast, falling-stickiness, quality-below-bar, members-about-to-leave or plan-losing-money.</param>
/// <param name="Figures">What the rule saw, from <paramref name="From"/> to <paramref name="To"/>.</param>
/// <param name="Provisional">The community was too small or too young for the rule to be sure.</param>
/// <param name="Lapsed">A newer one took its place before it was resolved.</param>
/// <param name="SubjectId">The plan of which a rule about plans speaks; null: the whole community.</param>
/// <param name="Currency">Of figures that are money, in its minor units; null: none is.</param>
/// <param name="Draft">What applying the suggestion would change in the rules of incentives; empty where it changes none.</param>
internal sealed record DecisionView(
    Guid DecisionId, string Rule, int RuleVersion, IReadOnlyDictionary<string, double> Figures, DateOnly From, DateOnly To, string Suggestion, bool Provisional,
    DateTimeOffset OpenedAt, bool Lapsed, IReadOnlyList<IncentiveDraft> Draft, ResolutionView? Resolution, DecisionMeasured? Outcome, Guid? SubjectId, string? Currency);

internal sealed record DecisionPage(IReadOnlyList<DecisionView> Items, string? Next) : ITabular
{
    public Table ToTable() => new(
        ["decisionId", "rule", "ruleVersion", "figures", "suggestion", "provisional", "openedAt", "lapsed", "action", "resolvedAt", "difference", "low", "high"],
        Items.Select(d => (IReadOnlyList<object?>)
        [
            d.DecisionId, d.Rule, d.RuleVersion, string.Join("; ", d.Figures.Select(figure => FormattableString.Invariant($"{figure.Key} {figure.Value}"))), d.Suggestion,
            d.Provisional, d.OpenedAt, d.Lapsed, d.Resolution?.Action.ToWord(), d.Resolution?.At, d.Outcome?.Difference, d.Outcome?.Low, d.Outcome?.High
        ]));
}

internal static class DecisionEndpoints
{
    public static void MapDecisions(this IEndpointRouteBuilder app)
    {
        var decisions = app.MapGroup("/decisions").RequireRoles("operator").WithTag("Decisions", "From figures by a rule to an action, and what came of it.");
        decisions.MapGet("", List).AnswersCsv().WithSummary("The decisions, the latest first; open=true: those that wait for somebody");
        decisions.MapGet("/{id:guid}", Get).WithSummary("A decision with its figures, its resolution and its outcome");
        decisions.MapGet("/{id:guid}/history", History).WithSummary("Everything that happened to it");
        decisions.MapPost("/{id:guid}/resolution", Resolve).WithSummary("Resolves a decision, once");
    }

    private static async Task<DecisionPage> List([AsParameters] Paging paging, bool? open, IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var decisions = session.Query<DecisionInList>().AsQueryable();

        if (open is { } wanted)
        {
            decisions = decisions.Where(d => d.Open == wanted);
        }

        if (paging.Key<Place>(out var after))
        {
            decisions = decisions.Where(d => d.OpenedAt < after.At || (d.OpenedAt == after.At && d.Id > after.Id));
        }

        var rows = await decisions.OrderByDescending(d => d.OpenedAt).ThenBy(d => d.Id).Take(paging.Size + 1).ToListAsync(ct);
        var ring = await keys.Find([.. rows.Select(d => d.Resolved?.Note?.KeyId).OfType<Guid>().Distinct()], ct);
        var page = paging.Page(rows, d => new Place(d.OpenedAt, d.Id));

        return new DecisionPage([.. page.Items.Select(d => View(d.Id, new Decision(d.Opened, d.Lapsed, d.Resolved, d.Measured), ring))], page.Next);
    }

    private static async Task<Results<Ok<DecisionView>, ProblemHttpResult>> Get(Guid id, IDocumentStore store, KeyRing keys, CancellationToken ct)
    {
        var decision = (await store.Load(Decision.Decider, id, null, ct)).State;

        return decision.Opened is null
            ? Problems.NotFound("decision")
            : TypedResults.Ok(View(id, decision, await keys.Find(decision.Resolved?.Note is { } note ? [note.KeyId] : [], ct)));
    }

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(Guid id, IDocumentStore store, KeyRing keys, CancellationToken ct) =>
        (await store.Load(Decision.Decider, id, null, ct)).State.Opened is not null && await store.History(keys, id, ct) is { } history
            ? TypedResults.Ok(history)
            : Problems.NotFound("decision");

    private static async Task<Results<NoContent, ProblemHttpResult>> Resolve(
        Guid id, ResolutionWish wish, ClaimsPrincipal user, IDocumentStore store, DecisionNotes notes, CancellationToken ct)
    {
        var command = await notes.Command(wish, user.MemberId(), ct);
        var handled = await store.Handle(Decision.Decider, id, command, ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();
    }

    private static DecisionView View(Guid id, Decision decision, MemberKeys keys)
    {
        var opened = decision.Opened!;

        return new DecisionView(
            id, opened.Rule, opened.RuleVersion, opened.Figures, opened.From, opened.To, opened.Suggestion, opened.Provisional, opened.At, decision.Lapsed,
            opened.Rule == "mostly-reading" ? [new IncentiveDraft("comment", 2), new IncentiveDraft("share", 2)] : [],
            decision.Resolved is { } resolved ? new ResolutionView(resolved.Action, keys.Open(resolved.Note), resolved.By, resolved.At) : null, decision.Measured,
            opened.SubjectId, opened.Currency);
    }

    private sealed record Place(DateTimeOffset At, Guid Id);
}

/// <summary>What an operator writes is sealed by the operator's own key, and goes with it.</summary>
internal sealed class DecisionNotes(KeyRing keys, NpgsqlDataSource database, TimeProvider clock)
{
    public async Task<ResolveDecision> Command(ResolutionWish wish, Guid by, CancellationToken ct) => new(
        wish.Action,
        string.IsNullOrWhiteSpace(wish.Note) || await database.IsErased(by, ct) ? null : (await keys.Create([by], ct)).Seal(by, wish.Note.Trim()),
        by, clock.GetUtcNow());
}
