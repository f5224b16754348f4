using System.Security.Claims;
using System.Text.Json;
using Community.Analytics.Exports;
using Community.EventStore;
using Community.ServiceDefaults;
using Community.Web;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Analytics.Contents;

internal sealed record Earned(long Amount, string Currency);

/// <param name="Quality">1 to 5, by the reviewer.</param>
/// <param name="Readers">Members who looked at it.</param>
/// <param name="Reads">Members who came to its end: nine tenths of it, as clients tell.</param>
/// <param name="Completion">Reads / readers; null where nobody looked.</param>
/// <param name="Rating">The mean of the members' latest ratings; null where there is none.</param>
/// <param name="Revenue">Of single sales, without what went back, by currency.</param>
internal sealed record ContentFigures(
    Guid ContentId, string Title, string Topic, string Format, int Quality, DateTimeOffset PublishedAt, long Views, long Readers, long Reads, double? Completion,
    double? Rating, long Ratings, long Comments, long Shares, IReadOnlyList<Earned> Revenue);

internal sealed record ContentPage(IReadOnlyList<ContentFigures> Items, string? Next) : ITabular
{
    public Table ToTable() => new(
        ["contentId", "title", "topic", "format", "quality", "publishedAt", "views", "readers", "reads", "completion", "rating", "ratings", "comments", "shares", "revenue"],
        Items.Select(c => (IReadOnlyList<object?>)
        [
            c.ContentId, c.Title, c.Topic, c.Format, c.Quality, c.PublishedAt, c.Views, c.Readers, c.Reads, c.Completion, c.Rating, c.Ratings, c.Comments, c.Shares,
            string.Join("; ", c.Revenue.Select(r => FormattableString.Invariant($"{r.Amount} {r.Currency}")))
        ]));
}

internal static class ContentEndpoints
{
    private const string Statistics =
        """
        select f.content_id as contentid, f.title, f.topic, f.format, f.quality, f.published_at as publishedat,
            coalesce(m.views, 0) as views, coalesce(m.readers, 0) as readers, coalesce(m.reads, 0) as reads, coalesce(m.shares, 0) as shares,
            r.rating, coalesce(r.ratings, 0) as ratings, c.comments, e.revenue
        from (
            select * from content_facts where (@id::uuid is null or content_id = @id) and (@author::uuid is null or author_id = @author) and (@after::uuid is null or content_id < @after)
            order by content_id desc limit @limit) f
        left join lateral (
            select sum(views)::bigint as views, count(*) filter (where views > 0 or depth > 0) as readers, count(*) filter (where depth >= 0.9) as reads,
                sum(shares)::bigint as shares
            from content_members where content_id = f.content_id) m on true
        left join lateral (select avg(rating)::float8 as rating, count(*) as ratings from content_ratings where content_id = f.content_id) r on true
        left join lateral (select count(*) as comments from content_comments where content_id = f.content_id and not deleted) c on true
        left join lateral (
            select coalesce(json_agg(json_build_object('amount', amount, 'currency', currency) order by currency), '[]')::text as revenue
            from content_money where content_id = f.content_id) e on true
        order by f.content_id desc
        """;

    public static void MapContentStatistics(this IEndpointRouteBuilder app)
    {
        var contents = app.MapGroup("/contents").WithTag("Contents", "What is read, rated, discussed and bought: by its author and by operators.");
        contents.MapGet("/statistics", List).AnswersCsv().WithSummary("The contents, the newest first; to who is no operator, one's own");
        contents.MapGet("/{id:guid}/statistics", Get).WithSummary("How a content fares");
    }

    private static async Task<ContentPage> List([AsParameters] Paging paging, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct)
    {
        var rows = await Read(database, null, Author(user), paging.Key<Guid>(out var after) ? after : null, paging.Size + 1, ct);
        var page = paging.Page(rows, row => row.ContentId);

        return new ContentPage(page.Items, page.Next);
    }

    private static async Task<Results<Ok<ContentFigures>, ProblemHttpResult>> Get(Guid id, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct) =>
        await Read(database, id, Author(user), null, 1, ct) is [var figures] ? TypedResults.Ok(figures) : Problems.NotFound("content of yours");

    private static Guid? Author(ClaimsPrincipal user) => user.May("operator") ? null : user.MemberId();

    private static async Task<IReadOnlyList<ContentFigures>> Read(NpgsqlDataSource database, Guid? id, Guid? author, Guid? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(Statistics, new { id, author, after, limit }, cancellationToken: ct));

        return [.. rows.Select(r => new ContentFigures(
            r.ContentId, r.Title, r.Topic, r.Format, r.Quality, new DateTimeOffset(r.PublishedAt, TimeSpan.Zero), r.Views, r.Readers, r.Reads,
            r.Readers == 0 ? null : (double)r.Reads / r.Readers, r.Rating, r.Ratings, r.Comments, r.Shares,
            JsonSerializer.Deserialize<Earned[]>(r.Revenue, Json.Options) ?? []))];
    }

    private sealed record Row(
        Guid ContentId, string Title, string Topic, string Format, int Quality, DateTime PublishedAt, long Views, long Readers, long Reads, long Shares,
        double? Rating, long Ratings, long Comments, string Revenue);
}
