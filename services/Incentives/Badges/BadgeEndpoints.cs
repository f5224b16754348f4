using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Badges;

internal sealed record ImportedBadge(Guid AwardId, Guid MemberId, string Name, string Class, DateTimeOffset At) : IImported
{
    Guid IImported.Id => AwardId;
}

internal static class BadgeEndpoints
{
    private static readonly TextAttribute NameRule = new(100);

    public static IHostApplicationBuilder AddBadges(this IHostApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new BadgeAwards(options), ProjectionLifecycle.Inline));
        builder.Services.AddSingleton<BadgeQueries>();

        return builder;
    }

    public static void MapBadges(this IEndpointRouteBuilder app)
    {
        app.MapGet("/badges", List).WithTag("Badges", "What members were awarded.").WithSummary("The badges there are, and how often each was awarded");
        app.MapPost("/imports/badges", Import).RequireScope("import").AllowLargeBody()
            .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
            .WithSummary("Takes badges from elsewhere; each item has its own verdict");
    }

    private static async Task<Ok<Page<BadgeCount>>> List([AsParameters] Paging paging, BadgeQueries badges, CancellationToken ct)
    {
        var rows = await badges.All(paging.Key<BadgeKey>(out var after) ? after : null, paging.Size + 1, ct);

        return TypedResults.Ok(paging.Page(rows, row => new BadgeKey(row.Name, row.Class)));
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
