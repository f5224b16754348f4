using Community.EventStore;
using JasperFx.Events.Projections;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Community.Web;

public enum ProjectionStatus
{
    /// <summary>Written in the same transaction as the events.</summary>
    Inline,
    Running,

    /// <summary>It met an event that it cannot take; <c>/health</c> names it.</summary>
    Paused,
    Stopped
}

/// <param name="Position">The sequence of the log up to which it has read.</param>
/// <param name="Behind">How many sequences are still to be read.</param>
/// <param name="Rebuild">The last one, or the one under way.</param>
public sealed record ProjectionView(string Name, ProjectionStatus Status, bool Rebuildable, long? Position, long? Behind, RebuildView? Rebuild);

public sealed record ProjectionList(IReadOnlyList<ProjectionView> Items, string? Next);

/// <param name="Done">The sequence of the log up to which the new one has read.</param>
/// <param name="Total">The last sequence of the log; it grows while events are written.</param>
/// <param name="By">The member who asked for it.</param>
public sealed record RebuildView(
    Guid RebuildId, string Projection, RebuildStatus Status, long Done, long Total, DateTimeOffset RequestedAt, string? By,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Failure);

/// <summary>The read models of the service, and building one anew while the old one serves.</summary>
public static class Projections
{
    /// <summary>For operators: the caller restricts the group to them.</summary>
    public static RouteGroupBuilder MapProjections(this IEndpointRouteBuilder app)
    {
        var projections = app.MapGroup("/projections").WithTags("Projections");
        projections.MapGet("", List).WithSummary("The read models, and what else follows the log");
        projections.MapPost("{name}/rebuilds", Ask)
            .WithSummary("Builds a read model anew from the log while the old one serves, and swaps them");
        projections.MapGet("{name}/rebuilds/{id:guid}", Get).WithSummary("How far a rebuild is, and what came of it");
        projections.MapPost("{name}/rebuilds/{id:guid}/cancellation", Cancel).WithSummary("Gives a rebuild up; the old read model goes on");

        return projections;
    }

    private static async Task<ProjectionList> List(IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        var shards = new Dictionary<string, (long Position, string? Status)>();

        await using (var select = database.CreateCommand("select name, last_seq_id, agent_status from mt_event_progression"))
        await using (var row = await select.ExecuteReaderAsync(ct))
        {
            while (await row.ReadAsync(ct))
            {
                shards[row.GetString(0)] = (row.GetInt64(1), Text(row, 2));
            }
        }

        var rebuilds = (await Read(database, "select distinct on (projection) * from projection_rebuilds order by projection, requested_at desc, id desc", ct))
            .ToDictionary(rebuild => rebuild.Projection);
        var mark = shards.GetValueOrDefault("HighWaterMark").Position;
        var options = ((DocumentStore)store).Options;
        var sources = options.Projections.All.ToDictionary(source => ProjectionNames.Shown(source.Name));
        var followers = options.Projections.AllShards().Select(shard =>
        {
            var (position, status) = shards.GetValueOrDefault(shard.Name.Identity);
            var name = ProjectionNames.Shown(shard.Name.Name);

            return new ProjectionView(
                name,
                status switch { "Paused" => ProjectionStatus.Paused, "Stopped" => ProjectionStatus.Stopped, _ => ProjectionStatus.Running },
                sources.ContainsKey(name), position, Math.Max(0, mark - position), rebuilds.GetValueOrDefault(name));
        });
        var inline = sources.Where(source => source.Value.Lifecycle == ProjectionLifecycle.Inline)
            .Select(source => new ProjectionView(source.Key, ProjectionStatus.Inline, false, null, null, null));

        return new ProjectionList([.. followers.Concat(inline).OrderBy(view => view.Name, StringComparer.Ordinal)], null);
    }

    private static async Task<Results<Accepted<RebuildView>, ProblemHttpResult>> Ask(
        string name, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        var options = ((DocumentStore)store).Options;
        var source = options.FindProjection(name);

        if (source is null && options.Projections.AllShards().All(shard => ProjectionNames.Shown(shard.Name.Name) != name))
        {
            return Problems.NotFound("projection");
        }

        if (source is not { Lifecycle: ProjectionLifecycle.Async })
        {
            return Problems.Problem(409, "projection-not-rebuildable", source is null
                ? "It tells others what happens and keeps nothing: told again, they would hear it twice."
                : "It is written in the same transaction as the events, so that it cannot be held while another takes its place.");
        }

        var id = http.NewId(clock);
        await RebuildRequest.Ask(database, id, name, CommandMetadata.Current.By, clock.GetUtcNow(), ct);

        return await Find(database, name, id, ct) is { } rebuild
            ? TypedResults.Accepted($"/projections/{Uri.EscapeDataString(name)}/rebuilds/{id}", rebuild)
            : Problems.Problem(409, "rebuild-running", "It is being rebuilt already.");
    }

    private static async Task<Results<Ok<RebuildView>, ProblemHttpResult>> Get(
        string name, Guid id, NpgsqlDataSource database, CancellationToken ct) =>
        await Find(database, name, id, ct) is { } rebuild ? TypedResults.Ok(rebuild) : Problems.NotFound("rebuild");

    private static async Task<Results<NoContent, ProblemHttpResult>> Cancel(
        string name, Guid id, NpgsqlDataSource database, TimeProvider clock, CancellationToken ct)
    {
        await using var update = database.CreateCommand(
            "update projection_rebuilds set status = 'cancelled', ended_at = $3 where id = $1 and projection = $2 and ended_at is null");
        update.Parameters.Add(new() { Value = id });
        update.Parameters.Add(new() { Value = name });
        update.Parameters.Add(new() { Value = clock.GetUtcNow() });
        await update.ExecuteNonQueryAsync(ct);

        return await Find(database, name, id, ct) switch
        {
            null => Problems.NotFound("rebuild"),
            { Status: RebuildStatus.Cancelled } => TypedResults.NoContent(),
            _ => Problems.Problem(409, "rebuild-ended", "It has ended already.")
        };
    }

    private static async Task<RebuildView?> Find(NpgsqlDataSource database, string name, Guid id, CancellationToken ct) =>
        (await Read(database, "select * from projection_rebuilds where projection = $1 and id = $2", ct, name, id)).SingleOrDefault();

    private static async Task<IReadOnlyList<RebuildView>> Read(NpgsqlDataSource database, string rebuilds, CancellationToken ct, params object[] values)
    {
        await using var select = database.CreateCommand(
            $"""
            select r.id, r.projection, r.status, case when r.ended_at is null then coalesce(p.last_seq_id, 0) else r.position end,
                coalesce(mark.last_seq_id, 0), r.requested_at, r.requested_by, r.started_at, r.ended_at, r.failure
            from ({rebuilds}) r
            left join mt_event_progression p on p.name = '{RebuildRequest.SchemaPrefix}' || replace(r.id::text, '-', '') || '_' || r.attempts || ':All'
            left join mt_event_progression mark on mark.name = 'HighWaterMark'
            """);

        foreach (var value in values)
        {
            select.Parameters.Add(new() { Value = value });
        }

        var views = new List<RebuildView>();
        await using var row = await select.ExecuteReaderAsync(ct);

        while (await row.ReadAsync(ct))
        {
            views.Add(new RebuildView(
                row.GetGuid(0), row.GetString(1), Enum.Parse<RebuildStatus>(row.GetString(2), ignoreCase: true), row.GetInt64(3), row.GetInt64(4),
                row.GetFieldValue<DateTimeOffset>(5), Text(row, 6), row.GetFieldValue<DateTimeOffset?>(7),
                row.GetFieldValue<DateTimeOffset?>(8), Text(row, 9)));
        }

        return views;
    }

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
