using System.ComponentModel.DataAnnotations;
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

    private static async Task<Results<NoContent, ProblemHttpResult>> View(Guid id, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var (content, refusal) = await context.FindToTakePart(id, AccessLevel.Preview, ct);

        if (refusal is not null)
        {
            return refusal;
        }

        // What a browser fetches beforehand nobody has looked at yet, and who wrote it is no audience.
        var member = context.User.MemberId();

        return IsFetchedAhead(context.Http.Request) || content?.AuthorId == member
            ? TypedResults.NoContent()
            : await Record(new ContentViewed(id, member, context.Clock.GetUtcNow()), context, ct);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ShareIt(
        Guid id, Share body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        (await context.FindToTakePart(id, AccessLevel.Preview, ct)).Refusal is { } refusal
            ? refusal
            : await Record(new ContentShared(id, context.User.MemberId(), Channels.Known(body.Channel), context.Clock.GetUtcNow()), context, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Record(MomentEvent moment, ReaderContext context, CancellationToken ct) =>
        Answer(await context.Store.Handle(Moment.Decider, Moment.Stream(moment), moment, ct));

    /// <summary>By <c>Sec-Purpose</c> of the Fetch Standard, and by what browsers sent before it.</summary>
    private static bool IsFetchedAhead(HttpRequest request) => new[] { "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz" }.Any(name =>
        request.Headers[name].ToString().Split([';', ','], StringSplitOptions.TrimEntries)
            .Any(purpose => purpose is "prefetch" or "prerender" or "preview"));

    private static async Task<Results<Ok<ReactionCounts>, ProblemHttpResult>> Reactions(Guid id, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        if ((await context.Find(id, ct)).Content is null)
        {
            return Problems.NotFound("content");
        }

        var reader = context.Reader;
        await using var session = context.Store.QuerySession();
        var rows = await session.Query<ReactionRow>().Where(row => row.ContentId == id).ToListAsync(ct);

        return TypedResults.Ok(new ReactionCounts([.. Enum.GetValues<ReactionKind>().Select(kind => new ReactionCount(
            kind, rows.Count(row => row.Kinds.Contains(kind)), rows.Any(row => row.MemberId == reader.MemberId && row.Kinds.Contains(kind))))]));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> React(
        Guid id, Reaction body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        (await context.FindToTakePart(id, AccessLevel.Preview, ct)).Refusal is { } refusal
            ? refusal
            : await Give(id, new React(id, context.User.MemberId(), body.Kind, context.Clock.GetUtcNow()), context, ct, atMost: MemberFeedback.Changes);

    private static Task<Results<NoContent, ProblemHttpResult>> Withdraw(
        Guid id, EnumParameter<ReactionKind> kind, [AsParameters] ReaderContext context, CancellationToken ct) =>
        // Also where the content is no longer to be seen: what one said one may take back.
        Give(id, new WithdrawReaction(id, context.User.MemberId(), kind.Value, context.Clock.GetUtcNow()), context, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> GiveFeedback(
        Guid id, Feedback body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        (await context.FindToTakePart(id, AccessLevel.Full, ct)).Refusal is { } refusal
            ? refusal
            : await Give(
                id, new GiveFeedback(id, context.User.MemberId(), body.Rating, body.Text ?? "", context.Clock.GetUtcNow()), context, ct, atMost: MemberFeedback.Changes);

    private static async Task<Results<NoContent, ProblemHttpResult>> Give(
        Guid id, FeedbackCommand command, ReaderContext context, CancellationToken ct, int? atMost = null) => Answer(await context.Store.Handle(
            MemberFeedback.Decider, MemberFeedback.Stream(id, context.User.MemberId()), command, new CommandOptions { AtMost = atMost }, ct));

    private static Results<NoContent, ProblemHttpResult> Answer<TState>(Handled<TState> handled) =>
        handled.Rejection is { } rejection ? rejection.ToProblem() : TypedResults.NoContent();
}
