using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Incentives.Rules;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Badges;

internal sealed record ImportedBadge(Guid AwardId, Guid MemberId, string Name, string Class, DateTimeOffset At) : IImported
{
    Guid IImported.Id => AwardId;
}

/// <param name="To">Who gets it: the actor, who did it, or the author, whose work it was done to.</param>
/// <param name="Tiers">One for a badge that is awarded once; else in rising order, from bronze to gold.</param>
internal sealed record NewBadge(
    [property: Text(100)] string Name,
    [property: AllowedValues(
        Activities.View, Activities.Comment, Activities.Reply, Activities.Topic, Activities.Reaction, Activities.Share, Activities.Feedback,
        Activities.AcceptedReply, Activities.Upvote, Activities.Downvote, Activities.Content, Activities.Order,
        ErrorMessage = "must be an activity that can earn")] string Activity,
    [property: Length(1, 3)] IReadOnlyList<BadgeTier> Tiers,
    Beneficiary To = Beneficiary.Actor,
    RuleCondition? When = null,
    [property: Range(1, 5)] int? MinQuality = null,
    [property: Text(300)] string? Description = null);

internal sealed record BadgeAnswer(
    Guid BadgeId, string Name, string? Description, string Activity, Beneficiary To, RuleCondition? When, int? MinQuality, IReadOnlyList<BadgeTier> Tiers)
{
    public static BadgeAnswer Of(BadgeRule badge) => new(badge.BadgeId, badge.Name, badge.Description, badge.Activity, badge.To, badge.When, badge.MinQuality, badge.Tiers);
}

/// <param name="Activity">What was done for it; null: it came from elsewhere.</param>
/// <param name="Count">How many such activities it takes.</param>
/// <param name="Cause">What completed it: for the member and operators.</param>
internal sealed record MemberBadge(
    Guid AwardId, string Name, string Class, DateTimeOffset At, string? Description, string? Activity, Beneficiary? To, int? Count, string? Cause);

internal static class BadgeEndpoints
{
    private static readonly TextAttribute NameRule = new(100);

    public static IHostApplicationBuilder AddBadges(this IHostApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new BadgeAwards(options), ProjectionLifecycle.Inline));
        builder.Services.AddSingleton<BadgeQueries>();
        builder.Services.AddSingleton<BadgesInForce>();
        builder.Services.AddSingleton<BadgeAwarding>();

        return builder;
    }

    public static void MapBadges(this IEndpointRouteBuilder app)
    {
        var badges = app.MapGroup("").WithTag("Badges", "What members were awarded.");
        badges.MapGet("/badges", List).WithSummary("The badges there are, and how often each was awarded");
        badges.MapGet("/badges/rules", Rules).WithSummary("The badges that are awarded by rules, and what each takes");
        badges.MapPost("/badges", Define).RequireRoles("operator").WithSummary("Defines a badge; it is awarded for what was done before too");
        badges.MapDelete("/badges/{id:guid}", Retire).RequireRoles("operator").WithSummary("Awards a badge no more; who has it keeps it");
        badges.MapGet("/members/{id:guid}/badges", OfMember).WithSummary("The badges of a member, and what each was awarded for, the latest first");
        app.MapPost("/imports/badges", Import).RequireScope("import").AllowLargeBody()
            .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
            .WithSummary("Takes badges from elsewhere; each item has its own verdict");
    }

    private static async Task<Ok<Page<BadgeCount>>> List([AsParameters] Paging paging, BadgeQueries badges, CancellationToken ct)
    {
        var rows = await badges.All(paging.Key<BadgeKey>(out var after) ? after : null, paging.Size + 1, ct);

        return TypedResults.Ok(paging.Page(rows, row => new BadgeKey(row.Name, row.Class)));
    }

    private static async Task<Page<BadgeAnswer>> Rules(BadgesInForce badges, CancellationToken ct) =>
        new([.. (await badges.Read(ct)).Awarded.Select(BadgeAnswer.Of)], null);

    private static async Task<Results<Created<BadgeAnswer>, ProblemHttpResult>> Define(
        NewBadge body, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var badge = new BadgeRule(http.NewId(clock), body.Name, body.Description, body.Activity, body.To, body.When, body.MinQuality, [.. body.Tiers]);

        if (BadgeRules.Fault(badge) is ({ } field, { } fault))
        {
            throw new InvalidParameter(field, fault);
        }

        var handled = await store.Handle(
            BadgeRules.Decider, BadgeRules.Stream, new DefineBadge(badge, clock.GetUtcNow()), new CommandOptions { AtMost = BadgeRules.Changes }, ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Created("/badges/rules", BadgeAnswer.Of(badge));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Retire(Guid id, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var handled = await store.Handle(BadgeRules.Decider, BadgeRules.Stream, new RetireBadge(id, clock.GetUtcNow()), ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();
    }

    private static async Task<Ok<Page<MemberBadge>>> OfMember(
        Guid id, [AsParameters] Paging paging, ClaimsPrincipal user, BadgeQueries queries, BadgesInForce badges, CancellationToken ct)
    {
        var rules = await badges.Read(ct);
        var rows = await queries.Awards(id, paging.Key<AwardKey>(out var after) ? after : null, paging.Size + 1, ct);
        var page = paging.Page(rows, row => new AwardKey(row.At, row.AwardId));
        var seesCauses = user.MemberId() == id || user.May("operator");

        return TypedResults.Ok(new Page<MemberBadge>([.. page.Items.Select(Show)], page.Next));

        MemberBadge Show(BadgeAward award)
        {
            var badge = award.BadgeId is { } by ? rules.Find(by) : null;

            return new MemberBadge(
                award.AwardId, award.Name, award.Class, award.At, badge?.Description, badge?.Activity, badge?.To,
                badge?.Tiers.Find(tier => tier.Class.ToString().Equals(award.Class, StringComparison.OrdinalIgnoreCase))?.Count,
                seesCauses && award.Cause is { } cause ? CauseKeys.ShownTo(id, cause) : null);
        }
    }

    private static async Task<Ok<ImportResult>> Import(BulkImport<ImportedBadge> import, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        TypedResults.Ok(await import.Commit(
            store, Badge.Decider,
            item => Fault(item, clock.GetUtcNow()) is { } fault ? new Rejection("invalid-badge", fault)
                : new ImportStep<BadgeCommand>(
                    Badge.Stream(item.AwardId), new AwardBadge(new BadgeAwarded(item.AwardId, item.MemberId, item.Name, item.Class, item.At, Imported: true))),
            ct));

    private static string? Fault(ImportedBadge item, DateTimeOffset now) =>
        item.AwardId == Guid.Empty ? "awardId is missing."
        : item.MemberId == Guid.Empty ? "memberId is missing."
        : item.Class is not ("gold" or "silver" or "bronze") ? "class is gold, silver or bronze."
        : item.At > now ? "at lies in the future."
        : NameRule.GetValidationResult(item.Name, new ValidationContext(item)) is { ErrorMessage: { } fault } ? $"name {fault}."
        : null;
}
