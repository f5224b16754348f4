using Community.Content.Access;
using Community.Content.Publishing;
using Community.Content.Updates;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Discussions;

internal sealed record NewComment([property: Text(100_000, MultiLine = true)] string Body) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("body", Body);
}

internal enum BodyFormat { Markdown, Html }

internal sealed record CommentAnswer(Guid CommentId, Guid? AuthorId, string Body, BodyFormat BodyFormat, DateTimeOffset At);

/// <summary>Where one stands in a list that is ordered by time.</summary>
internal sealed record TimeCursor(DateTimeOffset At, Guid Id);

internal static class CommentEndpoints
{
    public static void MapComments(this IEndpointRouteBuilder app)
    {
        var comments = app.MapGroup("").WithTag("Comments", "On contents, topics and replies.").RefuseComplexTexts();
        comments.MapGet("/comments/{id:guid}", Get).AllowAnonymous().WithSummary("A comment");
        comments.MapDelete("/comments/{id:guid}", Delete).WithSummary("Deletes a comment; for who wrote it and moderators");
        comments.MapPost("/contents/{id:guid}/comments", OnContent).PublishesUpdate<CommentAnswer>(UpdateKind.Comment, comment => comment.CommentId).WithSummary("Comments on a content that the member can read whole");
        comments.MapGet("/contents/{id:guid}/comments", OfContent).AllowAnonymous().WithSummary("The comments on a content, oldest first");
        comments.MapPost("/topics/{id:guid}/comments", OnTopic).PublishesUpdate<CommentAnswer>(UpdateKind.Comment, comment => comment.CommentId).WithSummary("Comments on a topic");
        comments.MapGet("/topics/{id:guid}/comments", OfTopic).AllowAnonymous().WithSummary("The comments on a topic, oldest first");
        comments.MapPost("/topics/{id:guid}/replies/{replyId:guid}/comments", OnReply).PublishesUpdate<CommentAnswer>(UpdateKind.Comment, comment => comment.CommentId).WithSummary("Comments on a reply");
        comments.MapGet("/topics/{id:guid}/replies/{replyId:guid}/comments", OfReply).AllowAnonymous().WithSummary("The comments on a reply, oldest first");
    }

    private static async Task<Results<Created<CommentAnswer>, ProblemHttpResult>> OnContent(
        Guid id, NewComment body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        (await context.FindToTakePart(id, AccessLevel.Full, ct)).Refusal is { } refusal
            ? refusal
            : await Post(SubjectKind.Content, id, body, context, ct);

    private static async Task<Results<Created<CommentAnswer>, ProblemHttpResult>> OnTopic(
        Guid id, NewComment body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        await context.Store.FindTopic(id, ct) is null
            ? Problems.NotFound("topic")
            : await Post(SubjectKind.Topic, id, body, context, ct);

    private static async Task<Results<Created<CommentAnswer>, ProblemHttpResult>> OnReply(
        Guid id, Guid replyId, NewComment body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        await context.Store.FindReply(id, replyId, ct) is null
            ? Problems.NotFound("reply")
            : await Post(SubjectKind.Reply, replyId, body, context, ct);

    private static async Task<Results<Created<CommentAnswer>, ProblemHttpResult>> Post(
        SubjectKind kind, Guid subject, NewComment body, ReaderContext context, CancellationToken ct)
    {
        var id = context.Http.NewId(context.Clock);
        var handled = await context.Store.Handle(
            Comment.Decider, id, new PostComment(new(kind, subject, context.User.MemberId(), body.Body, context.Clock.GetUtcNow(), Imported: false)), ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/comments/{id}", Show(id, handled.State.Posted!));
    }

    private static async Task<Results<Ok<CommentAnswer>, ProblemHttpResult>> Get(Guid id, [AsParameters] ReaderContext context, CancellationToken ct) =>
        await Find(id, context, ct) is { } comment ? TypedResults.Ok(Show(id, comment)) : Problems.NotFound("comment");

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(Guid id, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        if (await Find(id, context, ct) is null)
        {
            return Problems.NotFound("comment");
        }

        var user = context.User;
        var handled = await context.Store.Handle(
            Comment.Decider, id, new DeleteComment(user.MemberId(), user.May("moderator", "operator"), context.Clock.GetUtcNow()), ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem(rejection == Discussions.Post.NotTheAuthor ? 403 : null) : TypedResults.NoContent();
    }

    private static async Task<CommentPosted?> Find(Guid id, ReaderContext context, CancellationToken ct)
    {
        if ((await context.Store.Load(Comment.Decider, id, asOf: null, ct)).State is not { Posted: { } comment, IsDeleted: false })
        {
            return null;
        }

        // Who may not know of the content may not know what is said about it.
        var isThere = comment.SubjectKind == SubjectKind.Content
            ? (await context.Find(comment.SubjectId, ct)).Content is not null
            : (await context.Store.FindPosts([comment.SubjectId], ct)).Count > 0;

        return isThere ? comment : null;
    }

    private static async Task<Results<Ok<Page<CommentAnswer>>, ProblemHttpResult>> OfContent(
        Guid id, [AsParameters] Paging paging, [AsParameters] ReaderContext context, CancellationToken ct) =>
        (await context.Find(id, ct)).Content is null
            ? Problems.NotFound("content")
            : await Of(id, paging, context.Store, ct);

    private static async Task<Results<Ok<Page<CommentAnswer>>, ProblemHttpResult>> OfTopic(
        Guid id, [AsParameters] Paging paging, IDocumentStore store, CancellationToken ct) =>
        await store.FindTopic(id, ct) is null ? Problems.NotFound("topic") : await Of(id, paging, store, ct);

    private static async Task<Results<Ok<Page<CommentAnswer>>, ProblemHttpResult>> OfReply(
        Guid id, Guid replyId, [AsParameters] Paging paging, IDocumentStore store, CancellationToken ct) =>
        await store.FindReply(id, replyId, ct) is null ? Problems.NotFound("reply") : await Of(replyId, paging, store, ct);

    /// <summary>Oldest first.</summary>
    private static async Task<Ok<Page<CommentAnswer>>> Of(Guid subject, Paging paging, IDocumentStore store, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var comments = session.Query<CommentText>().Where(comment => comment.SubjectId == subject);

        if (paging.Key<TimeCursor>(out var after))
        {
            comments = comments.Where(comment => comment.At > after.At || (comment.At == after.At && comment.Id > after.Id));
        }

        var rows = await comments.OrderBy(comment => comment.At).ThenBy(comment => comment.Id).Take(paging.Size + 1).ToListAsync(ct);
        var page = paging.Page(rows, comment => new TimeCursor(comment.At, comment.Id));

        return TypedResults.Ok(new Page<CommentAnswer>([.. page.Items.Select(Show)], page.Next));
    }

    private static CommentAnswer Show(CommentText comment) =>
        new(comment.Id, comment.AuthorId, Shown(comment.Body, comment.Imported), FormatOf(comment.Imported), comment.At);

    private static CommentAnswer Show(Guid id, CommentPosted comment) =>
        new(id, comment.AuthorId, Shown(comment.Body, comment.Imported), FormatOf(comment.Imported), comment.At);

    /// <summary>Members write Markdown; what comes from elsewhere is HTML.</summary>
    internal static BodyFormat FormatOf(bool imported) => imported ? BodyFormat.Html : BodyFormat.Markdown;

    /// <summary>Kept as it came, and made safe wherever it goes out.</summary>
    internal static string Shown(string body, bool imported) => imported ? SafeHtml.Of(body) : body;
}
