using Community.EventStore;
using Community.Messaging;
using Community.Web;
using Dapper;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Incentives.AntiAbuse;

/// <param name="MemberId">Whom it would pay.</param>
/// <param name="ActorId">Who did it.</param>
/// <param name="Confirmed">An operator has looked at it, and it stays held.</param>
internal sealed record HeldCause(string Cause, string Activity, Guid? MemberId, Guid? ActorId, string Because, bool Confirmed, DateTimeOffset At);

/// <param name="Reason">Of the operator.</param>
internal sealed record Release([property: Text(200)] string Cause, [property: Text(500)] string Reason);

internal static class AntiAbuseEndpoints
{
    public static IHostApplicationBuilder AddAntiAbuse(this IHostApplicationBuilder builder)
    {
        builder.AddConsumer<NoteAgeWhenMemberJoined>();
        builder.AddConsumer<ForgetAgeWhenMemberErased>();
        builder.Services.AddSingleton<IStorePart, AccountAges>();
        builder.Services.AddSingleton<Bursts>();
        builder.Services.AddSingleton<Rings>();
        builder.Services.AddSingleton<Suspicions>();

        return builder;
    }

    public static void MapAntiAbuse(this IEndpointRouteBuilder app)
    {
        var held = app.MapGroup("/held-causes").RequireRoles("operator").WithTag("Abuse", "What pays nothing until an operator has looked at it.");
        held.MapGet("", List).WithSummary("Causes that are held, with the reason: those that wait for an operator, or those that one has confirmed");
        held.MapPost("/confirmations", Confirm).WithSummary("Says that a held cause stays held; it can be released later").ProducesProblem(StatusCodes.Status404NotFound);
        held.MapPost("/releases", Undo).WithSummary("Lets a held cause pay; it is not held again").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<Page<HeldCause>>> List([AsParameters] Paging paging, bool? confirmed, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = (await connection.QueryAsync<(string Cause, string Activity, Guid? Author, Guid? Actor, string Held, DateTime At)>(new CommandDefinition(
            """
            select cause, activity, author_id, actor_id, held, first_at from points_causes
            where held is not null and hold_confirmed = @confirmed and (@after::text is null or cause > @after::text) order by cause limit @limit
            """,
            new { after = paging.Key<string>(out var after) ? after : null, confirmed = confirmed == true, limit = paging.Size + 1 }, cancellationToken: ct)))
            .Select(row => new HeldCause(row.Cause, row.Activity, row.Author, row.Actor, row.Held, confirmed == true, row.At)).ToList();

        return TypedResults.Ok(paging.Page(rows, row => row.Cause));
    }

    private static Task<Results<NoContent, ProblemHttpResult>> Undo(Release body, IDocumentStore store, WordsAbout words, TimeProvider clock, CancellationToken ct) =>
        Decide(body, reason => new ReleaseCause(reason, clock.GetUtcNow()), store, words, ct);

    private static Task<Results<NoContent, ProblemHttpResult>> Confirm(Release body, IDocumentStore store, WordsAbout words, TimeProvider clock, CancellationToken ct) =>
        Decide(body, reason => new ConfirmHold(reason, clock.GetUtcNow()), store, words, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Decide(
        Release body, Func<Sealed?, HoldingCommand> command, IDocumentStore store, WordsAbout words, CancellationToken ct)
    {
        var stream = Holding.Stream(body.Cause);
        var reason = (await store.Load(Holding.Decider, stream, asOf: null, ct)).State.Held is { } held ? await words.Seal(held.MemberId, body.Reason, ct) : null;
        var handled = await store.Handle(Holding.Decider, stream, command(reason), ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();
    }
}
