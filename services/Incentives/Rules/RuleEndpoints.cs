using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Rules;

/// <param name="ValidFrom">From now on, where it is not given; not in the past: for that a replay is tried and applied.</param>
internal sealed record RuleSetRequest([property: MaxLength(100)] IReadOnlyList<EarningRule> Rules, DateTimeOffset? ValidFrom = null);

/// <param name="Since">Null: from the beginning.</param>
internal sealed record RuleSetAnswer(int Version, DateTimeOffset? Since, IReadOnlyList<EarningRule> Rules)
{
    public static RuleSetAnswer Of(RuleSet set) => new(set.Version, set.Version == DefaultRules.Set.Version ? null : set.Since, set.Rules);
}

/// <param name="Versions">The latest of them, at most twenty; all are at <c>/rules/versions</c>.</param>
internal sealed record RulesAnswer(int Version, DateTimeOffset? Since, IReadOnlyList<EarningRule> Rules, IReadOnlyList<RuleSetAnswer> Versions);

/// <param name="Rules">As they are typed: nothing is adopted.</param>
internal sealed record RuleChecksRequest([property: MaxLength(100)] IReadOnlyList<EarningRule> Rules);

/// <param name="Field">As in a problem: <c>rules[1].capGroup</c>.</param>
internal sealed record RuleFault(string Field, string Fault);

internal sealed record RuleChecksAnswer(IReadOnlyList<RuleFault> Faults);

internal static class RuleEndpoints
{
    private const int Shown = 20;

    public static void MapRules(this IEndpointRouteBuilder app)
    {
        var rules = app.MapGroup("/rules").WithTag("Rules", "What earns how many points.");
        rules.MapGet("", Get).AnswersVersion().WithSummary("The rules in force, now or at an instant, and the latest versions");
        rules.MapGet("versions", Versions).WithSummary("All versions of the rules, the latest first");
        rules.MapPost("checks", Faults).RequireRoles("operator").WithSummary("Says of a set of rules which of them cannot be, and why; nothing is adopted");
        rules.MapPost("", Adopt).RequireRoles("operator").AnswersVersion().TakesVersion().WithSummary("Adopts a whole set of rules, from now on or from a later instant");
    }

    private static async Task<RulesAnswer> Get(Instant? asOf, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var (history, version) = await store.Load(RuleSetHistory.Decider, RuleSetHistory.Stream, asOf?.Value, ct);
        var inForce = RuleSetAnswer.Of(history.InForce(asOf?.Value ?? clock.GetUtcNow()));
        http.SetVersion(version);

        return new RulesAnswer(inForce.Version, inForce.Since, inForce.Rules, [.. history.Sets.TakeLast(Shown).Select(RuleSetAnswer.Of)]);
    }

    private static async Task<Ok<Page<RuleSetAnswer>>> Versions([AsParameters] Paging paging, RulesInForce inForce, CancellationToken ct)
    {
        var history = await inForce.Read(ct);
        var before = paging.Key<int>(out var after) ? after : int.MaxValue;
        var rows = history.Sets.Reverse().SkipWhile(set => set.Version >= before).Take(paging.Size + 1).Select(RuleSetAnswer.Of).ToList();

        return TypedResults.Ok(paging.Page(rows, row => row.Version));
    }

    private static async Task<Results<Created<RuleSetAnswer>, ProblemHttpResult>> Adopt(
        RuleSetRequest request, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        Check(request.Rules);

        if (request.ValidFrom < now)
        {
            throw new InvalidParameter("validFrom", "must not lie in the past: try the rules by a replay, and apply that from a date");
        }

        var adopt = new AdoptRuleSet([.. request.Rules], request.ValidFrom, now);
        var handled = await store.Handle(RuleSetHistory.Decider, RuleSetHistory.Stream, adopt, new CommandOptions { ExpectedVersion = http.ExpectedVersion(), AtMost = RuleSetHistory.Changes }, ct);
        http.SetVersion(handled.Version);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Created("/rules", RuleSetAnswer.Of(handled.State.Latest));
    }

    private static RuleChecksAnswer Faults(RuleChecksRequest request) => new([.. RuleChecks.Faults(request.Rules).Select(one => new RuleFault(one.Field, one.Fault))]);

    /// <exception cref="InvalidParameter">It names the first rule that cannot be, and why.</exception>
    public static void Check(IReadOnlyList<EarningRule> rules)
    {
        if (RuleChecks.Faults(rules).FirstOrDefault() is ({ } field, { } fault))
        {
            throw new InvalidParameter(field, fault);
        }
    }
}
