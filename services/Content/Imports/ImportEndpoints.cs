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
        imports.MapPost("topics", Topics).WithSummary("Takes topics; each item has its own verdict");
        imports.MapPost("replies", Replies).WithSummary("Takes replies; each item has its own verdict");
        imports.MapPost("comments", Comments).WithSummary("Takes comments; each item has its own verdict");
        imports.MapPost("votes", Votes).WithSummary("Takes votes; each item has its own verdict");
        imports.MapPost("accepted-replies", AcceptedReplies).WithSummary("Takes which replies were accepted; each item has its own verdict");
    }

    private static async Task<Ok<ImportResult>> Topics(BulkImport<ImportedTopic> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();

        return TypedResults.Ok(await import.Commit(
            store, Topic.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : new ImportStep<TopicCommand>(item.TopicId, new OpenTopic(item.Kind, item.AuthorId, item.Title, item.Body, [.. item.Tags], item.At, Imported: true)), ct));
    }

    private static async Task<Ok<ImportResult>> Replies(BulkImport<ImportedReply> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var topics = await store.FindPosts(import.Items.Select(item => item.TopicId), ct);

        return TypedResults.Ok(await import.Commit(
            store, Reply.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : topics.GetValueOrDefault(item.TopicId) is not { Kind: SubjectKind.Topic } ? Unknown("topic", item.TopicId)
                : new ImportStep<ReplyCommand>(item.ReplyId, new PostReply(new(item.TopicId, item.AuthorId, item.Body, item.At, Imported: true))), ct));
    }

    private static async Task<Ok<ImportResult>> Comments(BulkImport<ImportedComment> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var posts = await store.FindPosts(import.Items.Select(item => item.SubjectId), ct);

        return TypedResults.Ok(await import.Commit(
            store, Comment.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : posts.GetValueOrDefault(item.SubjectId)?.Kind != item.SubjectKind ? Unknown("topic or reply", item.SubjectId)
                : new ImportStep<CommentCommand>(
                    item.CommentId, new PostComment(new(item.SubjectKind, item.SubjectId, item.AuthorId, item.Body, item.At, Imported: true))), ct));
    }

    private static async Task<Ok<ImportResult>> Votes(BulkImport<ImportedVote> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var posts = await store.FindPosts(import.Items.Select(item => item.SubjectId), ct);

        return TypedResults.Ok(await import.Commit(
            store, Vote.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : posts.GetValueOrDefault(item.SubjectId) is not { } post || post.Kind != item.SubjectKind ? Unknown("topic or reply", item.SubjectId)
                : new ImportStep<VoteEvent>(
                    item.VoterId is { } voter ? Vote.Stream(item.SubjectId, voter) : item.VoteId,
                    new VoteCast(item.VoteId, item.SubjectKind, post.Id, post.AuthorId, item.VoterId, item.Value, item.At, Imported: true)), ct));
    }

    private static async Task<Ok<ImportResult>> AcceptedReplies(
        BulkImport<ImportedAcceptance> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var posts = await store.FindPosts(import.Items.SelectMany(item => new[] { item.TopicId, item.ReplyId }), ct);

        return TypedResults.Ok(await import.Commit(
            store, Topic.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : posts.GetValueOrDefault(item.TopicId) is not { Kind: SubjectKind.Topic } ? Unknown("topic", item.TopicId)
                : posts.GetValueOrDefault(item.ReplyId) is not { Kind: SubjectKind.Reply } reply || reply.Topic != item.TopicId ? Unknown("reply to this topic", item.ReplyId)
                : new ImportStep<TopicCommand>(item.TopicId, new AcceptReply(reply.Id, reply.AuthorId, By: null, item.At)), ct));
    }

    private static Rejection Unknown(string what, Guid id) => new("unknown-subject", $"There is no {what} {id}.");
}
