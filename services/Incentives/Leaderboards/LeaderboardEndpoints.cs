using System.Security.Claims;
using Community.EventStore;
using Community.Incentives.Points;
using Community.Privacy;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Leaderboards;

/// <param name="Rank">Members with equal points have the same.</param>
internal sealed record BoardRow(long Rank, Guid MemberId, long Points);

/// <param name="Rank">Null: the member has no points then, is on no board, or does not want to be.</param>
internal sealed record OwnPlace(long? Rank, long Points, bool Shown);

/// <param name="Start">The first day of the week or month; null: all time.</param>
internal sealed record BoardAnswer(IReadOnlyList<BoardRow> Items, string? Next, DateOnly? Start, OwnPlace Own);

internal sealed record BoardChoice(bool Shown);

/// <param name="On">A day of the week or month that is asked for; the present one where it is not given.</param>
internal sealed record BoardRequest(EnumParameter<BoardPeriod>? Period, [property: Text(100, MayBeBlank = true)] string? Area, DateOnly? On);

internal static class LeaderboardEndpoints
{
    public static IHostApplicationBuilder AddLeaderboards(this IHostApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new LeaderboardTotals(options), ProjectionLifecycle.Async));
        builder.Services.AddSingleton<LeaderboardQueries>();
        builder.Services.AddSingleton<IStorePart, HiddenMembers>();

        return builder;
    }

    public static void MapLeaderboards(this IEndpointRouteBuilder app)
    {
        var boards = app.MapGroup("").WithTag("Leaderboards", "Who has earned most.");
        boards.MapGet("/leaderboard", Get).WithSummary("Who has earned most in a week, a month or in all; without staff and whoever is suspended, gone or does not want to be on it");
        boards.MapPut("/members/me/leaderboard", Choose).WithSummary("Whether one is on the boards");
    }

    private static async Task<Ok<BoardAnswer>> Get(
        [AsParameters] Paging paging, [AsParameters] BoardRequest request, ClaimsPrincipal user, [AsParameters] BoardServices services, CancellationToken ct)
    {
        var (period, area) = (request.Period?.Value ?? BoardPeriod.Week, request.Area ?? "");
        var day = request.On ?? (await services.Zone.Now(ct)).DayOf(services.Clock.GetUtcNow());
        var start = period switch
        {
            BoardPeriod.Week => day.MondayOf(),
            BoardPeriod.Month => new DateOnly(day.Year, day.Month, 1),
            _ => DateOnly.MinValue
        };
        var after = paging.Key<BoardKey>(out var key) ? key : null;
        var standings = await services.Boards.Board(period, start, area, after, paging.Size + 1, ct);
        var (rows, place) = (new List<(BoardRow Row, long Place)>(), after?.Place ?? 0);

        foreach (var one in standings)
        {
            place++;
            var (points, rank) = rows is [.., (var last, _)] ? (last.Points, last.Rank) : (after?.Points ?? long.MaxValue, after?.Rank ?? 0);
            rows.Add((new BoardRow(one.Points == points ? rank : place, one.MemberId, one.Points), place));
        }

        var page = paging.Page(rows, row => new BoardKey(row.Row.Points, row.Row.MemberId, row.Row.Rank, row.Place));
        var own = await services.Boards.Place(period, start, area, user.MemberId(), ct);
        var shown = (await services.Store.Load(LeaderboardChoice.Decider, LeaderboardChoice.Stream(user.MemberId()), asOf: null, ct)).State;

        return TypedResults.Ok(new BoardAnswer(
            [.. page.Items.Select(row => row.Row)], page.Next, period == BoardPeriod.All ? null : start, new OwnPlace(own?.Rank, own?.Points ?? 0, shown)));
    }

    private static async Task<NoContent> Choose(BoardChoice body, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var member = user.MemberId();
        var choice = new LeaderboardChoiceMade(member, body.Shown, clock.GetUtcNow());
        await store.Handle(
            LeaderboardChoice.Decider, LeaderboardChoice.Stream(member), choice,
            new CommandOptions
            {
                WriteWithEvents = session => session.QueueSqlCommand(
                    body.Shown ? "delete from leaderboard_hidden where member_id = ?" : "insert into leaderboard_hidden (member_id) values (?) on conflict do nothing", member)
            }, ct);

        return TypedResults.NoContent();
    }

    internal sealed record BoardServices(LeaderboardQueries Boards, IDocumentStore Store, CommunityZone Zone, TimeProvider Clock);
}
