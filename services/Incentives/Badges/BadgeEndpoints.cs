using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Badges;

internal sealed record BadgeItem(Guid AwardId, Guid MemberId, string Name, string Class, DateTimeOffset At);

internal sealed record BadgeImport([property: MaxLength(500)] IReadOnlyList<BadgeItem?> Items);

internal sealed record RefusedItem(Guid Id, string Code, string Detail);

/// <param name="Already">Of an earlier import of the same.</param>
internal sealed record ImportAnswer(int Taken, int Already, IReadOnlyList<RefusedItem> Refused);

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

    private static async Task<Ok<ImportAnswer>> Import(BadgeImport import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var refused = new List<RefusedItem>();
        var valid = new List<BadgeItem>();

        foreach (var item in import.Items)
        {
            if (item is null)
            {
                throw new InvalidParameter("items", "must not hold null");
            }

            if (Fault(item, now) is { } fault)
            {
                refused.Add(new RefusedItem(item.AwardId, "invalid-badge", fault));
            }
            else
            {
                valid.Add(item);
            }
        }

        var handled = await store.HandleBatch(Badge.Decider, [.. valid.Select(Award)], ct);
        refused.AddRange(valid.Zip(handled)
            .Where(pair => pair.Second.Rejection is not null)
            .Select(pair => new RefusedItem(pair.First.AwardId, pair.Second.Rejection!.Code, pair.Second.Rejection.Detail)));
        var taken = handled.Count(one => one.Appended);

        return TypedResults.Ok(new ImportAnswer(taken, import.Items.Count - taken - refused.Count, refused));
    }

    private static (Guid, BadgeCommand, CommandOptions) Award(BadgeItem item) => (
        Badge.Stream(item.AwardId),
        new AwardBadge(new BadgeAwarded(item.AwardId, item.MemberId, item.Name, item.Class, item.At, Imported: true)),
        new CommandOptions { At = item.At });

    private static string? Fault(BadgeItem item, DateTimeOffset now) =>
        item.AwardId == Guid.Empty ? "awardId is missing."
        : item.MemberId == Guid.Empty ? "memberId is missing."
        : item.Class is not ("gold" or "silver" or "bronze") ? "class is gold, silver or bronze."
        : item.At > now ? "at lies in the future."
        : NameRule.GetValidationResult(item.Name, new ValidationContext(item)) is { ErrorMessage: { } fault } ? $"name {fault}."
        : null;
}
