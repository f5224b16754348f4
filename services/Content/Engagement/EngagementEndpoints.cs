using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.Content.Access;
using Community.Content.Publishing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Engagement;

internal sealed record Reaction(ReactionKind Kind);

/// <param name="Mine">The reader is one of them.</param>
internal sealed record ReactionCount(ReactionKind Kind, int Count, bool Mine);

internal sealed record ReactionCounts(IReadOnlyList<ReactionCount> Items);

internal sealed record Share([property: Text(50)] string Channel);

internal sealed record Feedback(
    [property: Range(1, 5)] int Rating,
    [property: Text(5000, MultiLine = true, MayBeBlank = true)] string? Text = null) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("text", Text);
}

/// <summary>What members do with published contents. Views and shares also of a preview; who rates has read it whole.</summary>
internal static class EngagementEndpoints
{
    public static void MapEngagement(this IEndpointRouteBuilder app)
    {
        var content = app.MapGroup("/contents/{id:guid}").WithTag("Audience", "What members do with what is published.").RefuseComplexTexts();
        content.MapPost("views", View).WithSummary("Notes that the member has read it, or its preview");
        content.MapPost("shares", ShareIt).WithSummary("Notes that the member has passed it on");
        content.MapGet("reactions", Reactions).AllowAnonymous().WithSummary("How many have reacted, in each kind, and in which the reader has");
        content.MapPost("reactions", React).WithSummary("Reacts to it, once in each kind");
        content.MapDelete("reactions/{kind}", Withdraw).WithSummary("Takes a reaction back");
        content.MapPost("feedback", GiveFeedback).WithSummary("Rates what the member could read whole; rating again replaces it");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> View(
        Guid id, ClaimsPrincipal user, HttpContext http, IDocumentStore store, Entitlements entitlements, TimeProvider clock, CancellationToken ct)
    {
        var (work, refusal) = await Find(id, user, AccessLevel.Preview, store, entitlements, ct);

        if (refusal is not null)
        {
            return refusal;
        }

        // What a browser fetches beforehand nobody has looked at yet, and who wrote it is no audience.
        return IsFetchedAhead(http.Request) || work?.AuthorId == user.MemberId()
            ? TypedResults.NoContent()
            : await Tell(new ContentViewed(id, user.MemberId(), clock.GetUtcNow()), store, ct);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ShareIt(
        Guid id, Share body, ClaimsPrincipal user, IDocumentStore store, Entitlements entitlements, TimeProvider clock, CancellationToken ct) =>
        await Refuse(id, user, AccessLevel.Preview, store, entitlements, ct)
        ?? await Tell(new ContentShared(id, user.MemberId(), Channels.Known(body.Channel), clock.GetUtcNow()), store, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Tell(MomentEvent moment, IDocumentStore store, CancellationToken ct) =>
        Answer(await store.Handle(Moment.Decider, Moment.Stream(moment), moment, ct));

    /// <summary>By <c>Sec-Purpose</c> of the Fetch Standard, and by what browsers sent before it.</summary>
    private static bool IsFetchedAhead(HttpRequest request) => new[] { "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz" }.Any(name =>
        request.Headers[name].ToString().Split([';', ','], StringSplitOptions.TrimEntries)
            .Any(purpose => purpose is "prefetch" or "prerender" or "preview"));

    private static async Task<Results<Ok<ReactionCounts>, ProblemHttpResult>> Reactions(
        Guid id, ClaimsPrincipal user, IDocumentStore store, Entitlements entitlements, CancellationToken ct)
    {
        var reader = Reader.Of(user);

        if ((await store.Find(id, reader, entitlements, ct)).ContentItem is null)
        {
            return Problems.NotFound("content");
        }

        await using var session = store.QuerySession();
        var rows = await session.Query<ReactionRow>().Where(row => row.ContentId == id).ToListAsync(ct);

        return TypedResults.Ok(new ReactionCounts([.. Enum.GetValues<ReactionKind>().Select(kind => new ReactionCount(
            kind, rows.Count(row => row.Kinds.Contains(kind)), rows.Any(row => row.MemberId == reader.MemberId && row.Kinds.Contains(kind))))]));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> React(
        Guid id, Reaction body, ClaimsPrincipal user, IDocumentStore store, Entitlements entitlements, TimeProvider clock, CancellationToken ct) =>
        await Refuse(id, user, AccessLevel.Preview, store, entitlements, ct)
        ?? await Hold(id, user, store, new React(id, user.MemberId(), body.Kind, clock.GetUtcNow()), ct, atMost: Opinion.Changes);

    private static async Task<Results<NoContent, ProblemHttpResult>> Withdraw(
        Guid id, EnumParameter<ReactionKind> kind, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        // Also where the content is no longer to be seen: what one said one may take back.
        await Hold(id, user, store, new WithdrawReaction(id, user.MemberId(), kind.Value, clock.GetUtcNow()), ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> GiveFeedback(
        Guid id, Feedback body, ClaimsPrincipal user, IDocumentStore store, Entitlements entitlements, TimeProvider clock, CancellationToken ct) =>
        await Refuse(id, user, AccessLevel.Full, store, entitlements, ct)
        ?? await Hold(id, user, store, new GiveFeedback(id, user.MemberId(), body.Rating, body.Text ?? "", clock.GetUtcNow()), ct, atMost: Opinion.Changes);

    private static async Task<Results<NoContent, ProblemHttpResult>> Hold(
        Guid id, ClaimsPrincipal user, IDocumentStore store, OpinionCommand command, CancellationToken ct, int? atMost = null) =>
        Answer(await store.Handle(Opinion.Decider, Opinion.Stream(id, user.MemberId()), command, new CommandOptions { AtMost = atMost }, ct));

    private static Results<NoContent, ProblemHttpResult> Answer<TState>(Handled<TState> handled) =>
        handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();

    /// <summary>Why the member may not take part in the content, or null.</summary>
    internal static async Task<ProblemHttpResult?> Refuse(
        Guid id, ClaimsPrincipal user, AccessLevel needed, IDocumentStore store, Entitlements entitlements, CancellationToken ct) =>
        (await Find(id, user, needed, store, entitlements, ct)).Refusal;

    private static async Task<(ContentItem.Drafted? ContentItem, ProblemHttpResult? Refusal)> Find(
        Guid id, ClaimsPrincipal user, AccessLevel needed, IDocumentStore store, Entitlements entitlements, CancellationToken ct)
    {
        var reader = Reader.Of(user);
        var (work, _, rights) = await store.Find(id, reader, entitlements, ct);

        return (work, work is null ? Problems.NotFound("content")
            : work.Stage != Stage.Published ? Problems.Problem(409, "content-not-published", "It is not published.")
            : needed == AccessLevel.Full && reader.Into(work.AuthorId, work.Requires, rights.Open(id, work.Requires)) != AccessLevel.Full
                ? Problems.Forbidden("This is for those who can read all of it.")
            : null);
    }
}
