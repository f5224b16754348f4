using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.Analytics.Contents;
using Community.EventStore;
using Community.Web;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Analytics.Recommendations;

/// <param name="Reason">because-you-read or popular.</param>
/// <param name="Because">The content that was read.</param>
internal sealed record Recommendation(Guid ContentId, string Reason, Guid? Because);

internal sealed record Recommendations(IReadOnlyList<Recommendation> Items);

internal static class RecommendationEndpoints
{
    private const int OfOneTopic = 3;

    // Near what was read, and read of late: both from 0 to 1. Never one's own, what one has read or dismissed; of one topic a few.
    private const string Recommend =
        $"""
        with mine as (select item_id from {ContentsAccess.Reading} r where member_id = @member order by at desc limit 200),
        near as (
            select n.neighbour_id as content_id, sum(n.score) as score, (array_agg(n.content_id order by n.score desc, n.content_id))[1] as because
            from content_neighbours n join mine on mine.item_id = n.content_id group by n.neighbour_id),
        fresh as (select content_id from content_freshness order by freshness desc, content_id limit 500),
        candidates as (
            select content_id, n.because,
                coalesce(n.score / (select max(score) from near), 0) + coalesce(f.freshness / (select max(freshness) from content_freshness), 0) as score
            from (select content_id from near union select content_id from fresh) c left join near n using (content_id) left join content_freshness f using (content_id)),
        allowed as (
            select c.*, row_number() over (partition by f.topic order by c.score desc, c.content_id) as nth
            from candidates c join {ContentsAccess.Facts} f using (content_id)
            where f.author_id <> @member
                and not exists (select from {ContentsAccess.Reading} r where r.member_id = @member and r.item_id = c.content_id)
                and not exists (select from content_dismissals d where d.member_id = @member and d.content_id = c.content_id))
        select content_id as contentid, case when because is null then 'popular' else 'because-you-read' end as reason, because
        from allowed where nth <= @topic order by score desc, content_id limit @limit
        """;

    public static void MapRecommendations(this IEndpointRouteBuilder app)
    {
        var recommendations = app.MapGroup("/recommendations").WithTag("Recommendations", "What to read next.");
        recommendations.MapGet("/members/{id:guid}", Get).WithSummary("What a member may like to read, each with its reason: for the member and operators");
        recommendations.MapPut("/dismissals/{contentId:guid}", Dismiss).WithSummary("Never recommends a content to who asks again");
        recommendations.MapDelete("/dismissals/{contentId:guid}", Undismiss).WithSummary("Takes a dismissal back");
    }

    private static async Task<Results<Ok<Recommendations>, ProblemHttpResult>> Get(
        Guid id, [Range(1, 100)] int? limit, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct)
    {
        if (id != user.MemberId() && !user.May("operator"))
        {
            return Problems.Forbidden("What is recommended to a member is the member's own.");
        }

        await using var connection = await database.OpenConnectionAsync(ct);
        var items = await connection.QueryAsync<Recommendation>(new CommandDefinition(
            Recommend, new { member = id, limit = limit ?? 20, topic = OfOneTopic }, cancellationToken: ct));

        return TypedResults.Ok(new Recommendations([.. items]));
    }

    // What is no content is recommended to nobody: a member has no more rows than there are contents.
    private static Task<NoContent> Dismiss(Guid contentId, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct) => Change(
        $"""
        insert into content_dismissals (member_id, content_id)
        select @member, @contentId where exists (select from {ContentsAccess.Facts} f where f.content_id = @contentId) on conflict do nothing
        """, contentId, user, database, ct);

    private static Task<NoContent> Undismiss(Guid contentId, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct) => Change(
        "delete from content_dismissals where member_id = @member and content_id = @contentId", contentId, user, database, ct);

    private static async Task<NoContent> Change(string sql, Guid contentId, ClaimsPrincipal user, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(sql, new { member = user.MemberId(), contentId }, cancellationToken: ct));

        return TypedResults.NoContent();
    }
}
