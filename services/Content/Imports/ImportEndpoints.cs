using System.Security.Claims;
using Community.Content.Discussions;
using Community.Content.Engagement;
using Community.Content.Publishing;
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
        imports.MapPost("contents", Contents).WithSummary("Takes contents; each item has its own verdict");
        imports.MapPost("views", Views).WithSummary("Takes who read which content; each item has its own verdict");
        imports.MapPost("shares", Shares).WithSummary("Takes who passed on which content; each item has its own verdict");
        imports.MapPost("reactions", Reactions).WithSummary("Takes reactions to contents; each item has its own verdict");
        imports.MapPost("feedback", GivenFeedback).WithSummary("Takes ratings of contents; each item has its own verdict");
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
        var posts = await store.FindPosts(import.Items.Where(item => item.SubjectKind != SubjectKind.Content).Select(item => item.SubjectId), ct);
        var contents = await First(store, import.Items.Where(item => item.SubjectKind == SubjectKind.Content).Select(item => item.SubjectId), ct);

        return TypedResults.Ok(await import.Commit(
            store, Comment.Decider, item => item.Fault(clock.GetUtcNow()) is { } fault ? fault
                : item.SubjectKind == SubjectKind.Content && contents.GetValueOrDefault(item.SubjectId) is not ContentDrafted ? Unknown("content", item.SubjectId)
                : item.SubjectKind != SubjectKind.Content && posts.GetValueOrDefault(item.SubjectId)?.Kind != item.SubjectKind ? Unknown("topic or reply", item.SubjectId)
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

    private static async Task<Ok<ImportResult>> Contents(
        BulkImport<ImportedContent> import, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var now = clock.GetUtcNow();
        var known = await First(store, import.Items.Select(item => item.ContentId), ct);

        return TypedResults.Ok(await import.Commit(
            store, ContentItem.Decider, item => (item.Fault(now) ?? item.OwnFault()) is { } fault ? fault
                : !known.TryGetValue(item.ContentId, out var before) ? Written(item)
                : before is ContentDrafted drafted && drafted.AuthorId == item.AuthorId && drafted.At == item.DraftedAt ? ImportStep<ContentCommand>.Known
                : SingleEventStream.AlreadyDifferent, ct));

        // Whoever imports what nobody reviewed here answers for it.
        ImportStep<ContentCommand> Written(ImportedContent item)
        {
            var reviewer = item.ReviewerId ?? user.MemberId();

            if (reviewer == item.AuthorId)
            {
                return new Rejection("own-content", "Nobody reviews what they wrote.");
            }

            known[item.ContentId] = new ContentDrafted(item.AuthorId, item.Text, [], item.Requirements, null, item.DraftedAt);
            List<(ContentCommand, DateTimeOffset)> steps = [(new DraftContent(item.AuthorId, item.Text, [.. item.Tags.Distinct()], item.Requirements, null, item.DraftedAt), item.DraftedAt)];

            if (item.Status != ImportedStage.Draft)
            {
                steps.Add((new SubmitContent(item.At), item.At));
            }

            if (item.Status == ImportedStage.Published)
            {
                steps.Add((new ReviewContent(reviewer, Verdict.Approved, item.Quality ?? 3, "", item.At), item.At));
                steps.Add((new PublishContent(item.At), item.At));
            }

            return new ImportStep<ContentCommand>(item.ContentId, steps);
        }
    }

    private static Task<Ok<ImportResult>> Views(BulkImport<ImportedView> import, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        Moments(import, item => new ContentViewed(item.ContentId, item.MemberId, item.At), store, clock, ct);

    private static Task<Ok<ImportResult>> Shares(BulkImport<ImportedShare> import, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        Moments(import, item => new ContentShared(item.ContentId, item.MemberId, Channels.Known(item.Channel), item.At), store, clock, ct);

    private static async Task<Ok<ImportResult>> Moments<TItem>(
        BulkImport<TItem> import, Func<TItem, MomentEvent> moment, IDocumentStore store, TimeProvider clock, CancellationToken ct) where TItem : class, IOfContent
    {
        import.Check();
        var contents = await First(store, import.Items.Select(item => item.ContentId), ct);

        return TypedResults.Ok(await import.Commit(
            store, Moment.Decider, item => Refusal(item, contents, clock.GetUtcNow()) is { } refusal ? refusal
                : new ImportStep<MomentEvent>(Moment.Stream(moment(item)), moment(item)), ct));
    }

    private static async Task<Ok<ImportResult>> Reactions(BulkImport<ImportedReaction> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var contents = await First(store, import.Items.Select(item => item.ContentId), ct);
        // What was taken back since is not given anew.
        var given = (await Opinions(store, import.Items, ct)).Select(e => e.Data).OfType<ReactionAdded>().Select(e => (e.ContentId, e.MemberId, e.Kind)).ToHashSet();

        return TypedResults.Ok(await import.Commit(
            store, MemberFeedback.Decider, item => Refusal(item, contents, clock.GetUtcNow()) is { } refusal ? refusal
                : !given.Add((item.ContentId, item.MemberId, item.Kind)) ? ImportStep<FeedbackCommand>.Known
                : new ImportStep<FeedbackCommand>(MemberFeedback.Stream(item.ContentId, item.MemberId), new React(item.ContentId, item.MemberId, item.Kind, item.At)), ct));
    }

    private static async Task<Ok<ImportResult>> GivenFeedback(BulkImport<ImportedFeedback> import, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        import.Check();
        var contents = await First(store, import.Items.Select(item => item.ContentId), ct);
        // The member's last word counts, which may have been said here.
        var given = (await Opinions(store, import.Items, ct)).Select(e => e.Data).OfType<FeedbackGiven>().Select(e => (e.ContentId, e.MemberId)).ToHashSet();

        return TypedResults.Ok(await import.Commit(
            store, MemberFeedback.Decider, item => Refusal(item, contents, clock.GetUtcNow()) is { } refusal ? refusal
                : WrittenText.Fault(item.Text ?? "") is { } complex ? new Rejection(WrittenText.Code, $"text {complex}.")
                : !given.Add((item.ContentId, item.MemberId)) ? ImportStep<FeedbackCommand>.Known
                : new ImportStep<FeedbackCommand>(
                    MemberFeedback.Stream(item.ContentId, item.MemberId), new GiveFeedback(item.ContentId, item.MemberId, item.Rating, item.Text ?? "", item.At)), ct));
    }

    private static Rejection? Refusal(IOfContent item, Dictionary<Guid, object> contents, DateTimeOffset now) =>
        item.Fault(now) ?? (contents.GetValueOrDefault(item.ContentId) is not ContentDrafted content ? Unknown("content", item.ContentId)
            : content.AuthorId == item.MemberId ? new Rejection("own-content", "Who wrote it is no audience.")
            : null);

    private static async Task<IReadOnlyList<JasperFx.Events.IEvent>> Opinions(IDocumentStore store, IEnumerable<IOfContent> items, CancellationToken ct)
    {
        var streams = items.Select(item => MemberFeedback.Stream(item.ContentId, item.MemberId)).Distinct().ToArray();
        await using var session = store.QuerySession();

        return await session.Events.QueryAllRawEvents().Where(e => streams.Contains(e.StreamId)).ToListAsync(ct);
    }

    /// <summary>What each stream began with.</summary>
    private static async Task<Dictionary<Guid, object>> First(IDocumentStore store, IEnumerable<Guid> streams, CancellationToken ct)
    {
        var ids = streams.Distinct().ToArray();
        await using var session = store.QuerySession();

        return (await session.Events.QueryAllRawEvents().Where(e => e.Version == 1 && ids.Contains(e.StreamId)).ToListAsync(ct)).ToDictionary(e => e.StreamId, e => e.Data);
    }

    private static Rejection Unknown(string what, Guid id) => new("unknown-subject", $"There is no {what} {id}.");
}
