using System.ComponentModel.DataAnnotations;
using Community.EventStore;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Levels;

/// <param name="Points">Earned in all, from which the level is held.</param>
internal sealed record LevelAnswer(int Level, string Name, long Points, IReadOnlyList<string> Perks);

internal sealed record LevelItem(
    [property: Range(1, 100)] int Level, [property: Text(60)] string Name, [property: Range(0, 1_000_000_000)] long Points,
    [property: MaxLength(20), Text(100)] IReadOnlyList<string>? Perks = null);

internal sealed record LevelsRequest([property: MinLength(1), MaxLength(100)] IReadOnlyList<LevelItem> Levels);

internal static class LevelEndpoints
{
    public static IHostApplicationBuilder AddLevels(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LevelsAccess>();
        builder.AddFollower(services => new AnnounceLevels(services));

        return builder;
    }

    public static void MapLevels(this IEndpointRouteBuilder app)
    {
        var levels = app.MapGroup("/levels").WithTag("Levels", "What members reach by what they have earned in all.");
        levels.MapGet("", Get).AnswersVersion().WithSummary("The levels, the points that each takes, and what each opens");
        levels.MapPut("", Set).RequireRoles("operator").AnswersVersion().TakesVersion().WithSummary("Sets all levels");
        app.MapMemberPoints();
    }

    private static async Task<Page<LevelAnswer>> Get(HttpContext http, IDocumentStore store, CancellationToken ct)
    {
        var (scale, version) = await store.Load(LevelScale.Decider, LevelScale.Stream, asOf: null, ct);
        http.SetVersion(version);

        return Show(scale);
    }

    private static async Task<Results<Ok<Page<LevelAnswer>>, ProblemHttpResult>> Set(
        LevelsRequest request, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        Level[] levels = [.. request.Levels.Select(level => new Level(level.Level, level.Name, level.Points, level.Perks ?? []))];

        if (LevelScale.Fault(levels) is { } fault)
        {
            throw new InvalidParameter("levels", fault);
        }

        var handled = await store.Handle(
            LevelScale.Decider, LevelScale.Stream, new LevelsSet([.. levels], clock.GetUtcNow()), new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);
        http.SetVersion(handled.Version);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.Ok(Show(handled.State));
    }

    private static Page<LevelAnswer> Show(LevelScale scale) =>
        new([.. scale.Levels.Select(level => new LevelAnswer(level.Number, level.Name, level.Points, level.Perks))], null);
}
