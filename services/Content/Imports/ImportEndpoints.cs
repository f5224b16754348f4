using Community.Content.Discussions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Imports;

/// <summary>Facts from elsewhere, with their own ids and instants: taking them again changes nothing.</summary>
internal static class ImportEndpoints
{
    public static void MapImports(this IEndpointRouteBuilder app)
    {
        // The framework would refuse a whole batch for one bad item; here each item has its own verdict.
        var imports = app.MapGroup("/imports")
            .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
            .RequireScope("import").AllowLargeBody().DisableValidation();
        imports.AddEndpointFilter((context, next) =>
        {
            context.Arguments.OfType<Batch>().Single().Check();

            return next(context);
        });
        imports.MapPost("topics", Topics).WithSummary("Takes topics; each item has its own verdict");
        imports.MapPost("replies", Replies).WithSummary("Takes replies; each item has its own verdict");
        imports.MapPost("comments", Comments).WithSummary("Takes comments; each item has its own verdict");
        imports.MapPost("votes", Votes).WithSummary("Takes votes; each item has its own verdict");
        imports.MapPost("accepted-replies", AcceptedReplies).WithSummary("Takes which replies were accepted; each item has its own verdict");
    }

    private static async Task<Ok<Told>> Topics(Batch<ImportedTopic> batch, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        TypedResults.Ok(await store.Take(
            Topic.Decider, batch, item => item.TopicId,
            item => (new OpenTopic(item.Kind, item.AuthorId, item.Title, item.Body, [.. item.Tags], item.At, Imported: true), null),
            clock.GetUtcNow(), ct));

    private static async Task<Ok<Told>> Replies(Batch<ImportedReply> batch, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var topics = await store.FindPosts(batch.Items.Select(item => item.TopicId), ct);

        return TypedResults.Ok(await store.Take(
            Reply.Decider, batch, item => item.ReplyId,
            item => topics.GetValueOrDefault(item.TopicId) is { Kind: SubjectKind.Topic }
                ? (new PostReply(new(item.TopicId, item.AuthorId, item.Body, item.At, Imported: true)), null)
                : (null, Unknown("topic", item.TopicId)),
            clock.GetUtcNow(), ct));
    }

    private static async Task<Ok<Told>> Comments(Batch<ImportedComment> batch, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var posts = await store.FindPosts(batch.Items.Select(item => item.SubjectId), ct);

        return TypedResults.Ok(await store.Take(
            Comment.Decider, batch, item => item.CommentId,
            item => posts.GetValueOrDefault(item.SubjectId) is { } post && post.Kind == item.SubjectKind
                ? (new PostComment(new(item.SubjectKind, item.SubjectId, item.AuthorId, item.Body, item.At, Imported: true)), null)
                : (null, Unknown("topic or reply", item.SubjectId)),
            clock.GetUtcNow(), ct));
    }

    private static async Task<Ok<Told>> Votes(Batch<ImportedVote> batch, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var posts = await store.FindPosts(batch.Items.Select(item => item.SubjectId), ct);

        return TypedResults.Ok(await store.Take(
            Vote.Decider, batch, item => item.VoterId is { } voter ? Vote.Stream(item.SubjectId, voter) : item.VoteId,
            item => posts.GetValueOrDefault(item.SubjectId) is { } post && post.Kind == item.SubjectKind
                ? (new VoteCast(item.VoteId, item.SubjectKind, post.Id, post.AuthorId, item.VoterId, item.Value, item.At, Imported: true), null)
                : (null, Unknown("topic or reply", item.SubjectId)),
            clock.GetUtcNow(), ct));
    }

    private static async Task<Ok<Told>> AcceptedReplies(
        Batch<ImportedAcceptance> batch, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var posts = await store.FindPosts(batch.Items.SelectMany(item => new[] { item.TopicId, item.ReplyId }), ct);

        return TypedResults.Ok(await store.Take(
            Topic.Decider, batch, item => item.TopicId,
            item => posts.GetValueOrDefault(item.TopicId) is not { Kind: SubjectKind.Topic } ? (null, Unknown("topic", item.TopicId))
                : posts.GetValueOrDefault(item.ReplyId) is { Kind: SubjectKind.Reply } reply && reply.Topic == item.TopicId
                    ? (new AcceptReply(reply.Id, reply.AuthorId, By: null, item.At), null)
                : (null, Unknown("reply to this topic", item.ReplyId)),
            clock.GetUtcNow(), ct));
    }

    private static Rejection Unknown(string what, Guid id) => new("unknown-subject", $"There is no {what} {id}.");
}
