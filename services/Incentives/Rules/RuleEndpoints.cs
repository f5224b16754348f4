using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Rules;

internal sealed record RuleSetRequest([property: MaxLength(100)] IReadOnlyList<EarningRule> Rules);

/// <param name="Since">Null: from the beginning.</param>
internal sealed record RuleSetAnswer(int Version, DateTimeOffset? Since, IReadOnlyList<EarningRule> Rules)
{
    public static RuleSetAnswer Of(RuleSet set) => new(set.Version, set.Version == RuleSet.First.Version ? null : set.Since, set.Rules);
}

internal sealed record RulesAnswer(int Version, DateTimeOffset? Since, IReadOnlyList<EarningRule> Rules, IReadOnlyList<RuleSetAnswer> Versions);

internal static class RuleEndpoints
{
    public static void MapRules(this IEndpointRouteBuilder app)
    {
        var rules = app.MapGroup("/rules").WithTag("Rules", "What earns how many points.");
        rules.MapGet("", Get).AnswersVersion().WithSummary("The rules in force, now or at an instant, and all that were");
        rules.MapPost("", Adopt).RequireRoles("operator").AnswersVersion().TakesVersion().WithSummary("Adopts a whole set of rules, from now on");
    }

    private static async Task<RulesAnswer> Get(Instant? asOf, HttpContext http, IDocumentStore store, CancellationToken ct)
    {
        var (book, version) = await store.Load(RuleSetHistory.Decider, RuleSetHistory.Stream, asOf?.Value, ct);
        var current = RuleSetAnswer.Of(book.Current);
        http.SetVersion(version);

        return new RulesAnswer(current.Version, current.Since, current.Rules, [.. book.Sets.Select(RuleSetAnswer.Of)]);
    }

    private static async Task<Results<Created<RuleSetAnswer>, ProblemHttpResult>> Adopt(
        RuleSetRequest request, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        Check(request.Rules);
        var adopt = new AdoptRuleSet([.. request.Rules], clock.GetUtcNow());
        var handled = await store.Handle(RuleSetHistory.Decider, RuleSetHistory.Stream, adopt, new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);
        http.SetVersion(handled.Version);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Created("/rules", RuleSetAnswer.Of(handled.State.Current));
    }

    private static void Check(IReadOnlyList<EarningRule?> rules)
    {
        if (rules.Contains(null))
        {
            throw new InvalidParameter("rules", "must not hold null");
        }

        if (rules.GroupBy(rule => rule!.Rule).FirstOrDefault(same => same.Count() > 1) is { Key: var name })
        {
            throw new InvalidParameter("rules", $"must not hold '{name}' twice");
        }

        if (rules.GroupBy(rule => rule!.Activity).FirstOrDefault(same => same.Count() > 1) is { Key: var activity })
        {
            throw new InvalidParameter("rules", $"must not hold two rules for the activity '{activity}'");
        }
    }
}
