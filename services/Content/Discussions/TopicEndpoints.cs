using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.Content.Access;
using Community.Content.Updates;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Content.Discussions;

internal sealed record NewTopic(
    TopicKind Kind,
    [property: Text(300)] string Title,
    [property: Text(100_000, MultiLine = true)] string Body,
    [property: Text(50), MaxLength(10)] List<string>? Tags = null) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("body", Body);
}

internal sealed record NewReply([property: Text(100_000, MultiLine = true)] string Body) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("body", Body);
}

internal sealed record Acceptance(Guid ReplyId);

internal sealed record NewVote([property: AllowedValues(1, -1)] int Value);

/// <param name="Votes">Sum of the votes.</param>
internal sealed record ReplyAnswer(
    Guid ReplyId, Guid TopicId, Guid? AuthorId, string Body, BodyFormat BodyFormat, DateTimeOffset At, int Votes, bool Accepted);

/// <param name="Votes">Sum of the votes.</param>
/// <param name="Replies">The first ones, oldest first; the others follow at <c>/topics/{id}/replies</c>, after <paramref name="NextReplies"/>.</param>
internal sealed record TopicAnswer(
    Guid TopicId, TopicKind Kind, Guid? AuthorId, string Title, string Body, BodyFormat BodyFormat, string[] Tags, DateTimeOffset At,
    int Votes, Guid? AcceptedReplyId, int ReplyCount, IReadOnlyList<ReplyAnswer> Replies, string? NextReplies);

internal sealed record TopicItem(
    Guid TopicId, TopicKind Kind, Guid? AuthorId, string Title, IReadOnlyList<string> Tags, DateTimeOffset At, int Votes,
    Guid? AcceptedReplyId, int ReplyCount);

/// <summary>Which topics a list holds; what is not given narrows nothing.</summary>
internal sealed record TopicFilter(
    EnumParameter<TopicKind>? Kind = null, [property: Text(50)] string? Tag = null,
    [property: Description("Only questions without an accepted reply.")] bool? Unanswered = null);

internal static class TopicEndpoints
{
    private const string VotesBySubject = "select subject_id, sum(value)::int from mt_doc_ballot where subject_id = any($1) group by 1";
    private const string RepliesByTopic = "select topic_id, count(*)::int from mt_doc_replytext where topic_id = any($1) group by 1";

    public static void MapTopics(this IEndpointRouteBuilder app)
    {
        var topics = app.MapGroup("/topics").WithTag("Topics", "Discussions and questions, with their replies.").RefuseComplexTexts();
        topics.MapPost("", Open).AnswersVersion().WithSummary("Opens a discussion or asks a question");
        topics.MapGet("", List).AllowAnonymous().WithSummary("Topics, newest first");
        topics.MapGet("{id:guid}", Get).AllowAnonymous().AnswersVersion().WithSummary("A topic with its first replies");
        topics.MapDelete("{id:guid}", Delete).WithSummary("Deletes a topic; for who opened it and moderators");
        topics.MapDelete("{id:guid}/replies/{replyId:guid}", RemoveReply).WithSummary("Deletes a reply; for who wrote it and moderators");
        topics.MapDelete("{id:guid}/votes", WithdrawFromTopic).WithSummary("Takes one's vote on a topic back");
        topics.MapDelete("{id:guid}/replies/{replyId:guid}/votes", WithdrawFromReply).WithSummary("Takes one's vote on a reply back");
        topics.MapPost("{id:guid}/replies", Answer).PublishesUpdate<ReplyAnswer>(UpdateKind.Reply, reply => reply.ReplyId).WithSummary("Replies to a topic");
        topics.MapGet("{id:guid}/replies", Replies).AllowAnonymous().WithSummary("The replies to a topic, oldest first");
        topics.MapGet("{id:guid}/replies/{replyId:guid}", GetReply).AllowAnonymous().WithSummary("A reply");
        topics.MapPut("{id:guid}/accepted-reply", Accept).PublishesUpdate(UpdateKind.AcceptedReply).TakesVersion().WithSummary("Accepts a reply; for who asked");
        topics.MapDelete("{id:guid}/accepted-reply", Withdraw).PublishesUpdate(UpdateKind.AcceptedReply).TakesVersion().WithSummary("Accepts no reply any more; for who asked");
        topics.MapPost("{id:guid}/votes", VoteOnTopic).WithSummary("Votes on somebody else's topic");
        topics.MapPost("{id:guid}/replies/{replyId:guid}/votes", VoteOnReply).WithSummary("Votes on somebody else's reply");
    }

    private static async Task<Results<Created<TopicAnswer>, ProblemHttpResult>> Open(
        NewTopic body, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var id = http.NewId(clock);
        var command = new OpenTopic(
            body.Kind, user.MemberId(), body.Title, body.Body, [.. (body.Tags ?? []).Distinct()], clock.GetUtcNow());
        var handled = await store.Handle(Topic.Decider, id, command, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/topics/{id}", Show(id, (Topic.Open)handled.State, 0, 0, new Page<ReplyAnswer>([], null)));
    }

    /// <summary>Newest first.</summary>
    private static async Task<Ok<Page<TopicItem>>> List(
        [AsParameters] Paging paging, [AsParameters] TopicFilter filter, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        IQueryable<TopicListing> topics = session.Query<TopicListing>();

        if (filter.Kind is { Value: var wanted })
        {
            topics = topics.Where(topic => topic.Kind == wanted);
        }

        if (filter.Tag is { } tag)
        {
            topics = topics.Where(topic => topic.Tags.Contains(tag));
        }

        if (filter.Unanswered == true)
        {
            topics = topics.Where(topic => topic.Kind == TopicKind.Question && topic.AcceptedReplyId == null);
        }

        if (paging.Key<TimeCursor>(out var after))
        {
            topics = topics.Where(topic => topic.OpenedAt < after.At || (topic.OpenedAt == after.At && topic.Id < after.Id));
        }

        var rows = await topics.OrderByDescending(topic => topic.OpenedAt).ThenByDescending(topic => topic.Id)
            .Take(paging.Size + 1).ToListAsync(ct);
        var page = paging.Page(rows, topic => new TimeCursor(topic.OpenedAt, topic.Id));
        var ids = page.Items.Select(topic => topic.Id).ToArray();
        var votes = await Sums(database, VotesBySubject, ids, ct);
        var replies = await Sums(database, RepliesByTopic, ids, ct);

        return TypedResults.Ok(new Page<TopicItem>(
            [.. page.Items.Select(topic => new TopicItem(
                topic.Id, topic.Kind, topic.AuthorId, topic.Title, topic.Tags, topic.OpenedAt, votes.GetValueOrDefault(topic.Id),
                topic.AcceptedReplyId, replies.GetValueOrDefault(topic.Id)))],
            page.Next));
    }

    private static async Task<Results<Ok<TopicAnswer>, ProblemHttpResult>> Get(
        Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        var (state, version) = await store.Load(Topic.Decider, id, asOf: null, ct);

        if (state is not Topic.Open topic)
        {
            return Problems.NotFound("topic");
        }

        var replies = await RepliesTo(id, topic, new Paging(100), store, database, ct);
        var votes = await Sums(database, VotesBySubject, [id], ct);
        var count = await Sums(database, RepliesByTopic, [id], ct);
        http.SetVersion(version);

        return TypedResults.Ok(Show(id, topic, votes.GetValueOrDefault(id), count.GetValueOrDefault(id), replies));
    }

    private static async Task<Results<Created<ReplyAnswer>, ProblemHttpResult>> Answer(
        Guid id, NewReply body, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var (user, http, store, _, clock) = context;

        if (await store.FindTopic(id, ct) is null)
        {
            return Problems.NotFound("topic");
        }

        var replyId = http.NewId(clock);
        var handled = await store.Handle(
            Reply.Decider, replyId, new PostReply(new(id, user.MemberId(), body.Body, clock.GetUtcNow(), Imported: false)), ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem()
            : TypedResults.Created($"/topics/{id}/replies/{replyId}", Show(replyId, handled.State.Posted!, votes: 0, accepted: false));
    }

    /// <summary>Oldest first.</summary>
    private static async Task<Results<Ok<Page<ReplyAnswer>>, ProblemHttpResult>> Replies(
        Guid id, [AsParameters] Paging paging, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct) =>
        (await store.Load(Topic.Decider, id, asOf: null, ct)).State is Topic.Open topic
            ? TypedResults.Ok(await RepliesTo(id, topic, paging, store, database, ct))
            : Problems.NotFound("topic");

    private static async Task<Results<Ok<ReplyAnswer>, ProblemHttpResult>> GetReply(
        Guid id, Guid replyId, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        if (await store.FindReply(id, replyId, ct) is null || (await store.Load(Topic.Decider, id, asOf: null, ct)).State is not Topic.Open topic)
        {
            return Problems.NotFound("reply");
        }

        var reply = (await store.Load(Reply.Decider, replyId, asOf: null, ct)).State.Posted!;
        var votes = await Sums(database, VotesBySubject, [replyId], ct);

        return TypedResults.Ok(Show(replyId, reply, votes.GetValueOrDefault(replyId), topic.Accepted?.ReplyId == replyId));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Accept(
        Guid id, Acceptance body, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var (user, http, store, _, clock) = context;

        if (await store.FindTopic(id, ct) is null)
        {
            return Problems.NotFound("topic");
        }

        if (await store.FindReply(id, body.ReplyId, ct) is not { } reply)
        {
            return Problems.NotFound("reply to this topic");
        }

        var answer = await Hold(id, new AcceptReply(reply.Id, reply.AuthorId, user.MemberId(), clock.GetUtcNow()), http, store, ct, atMost: Topic.Changes);

        // Deleted meanwhile: whoever of the two ends last sees what the other has done.
        if (await store.FindReply(id, body.ReplyId, ct) is null)
        {
            await store.Handle(Topic.Decider, id, new ForgetReply(reply.Id, clock.GetUtcNow()), ct);

            return Problems.NotFound("reply to this topic");
        }

        return answer;
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Withdraw(
        Guid id, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        await store.FindTopic(id, ct) is null
            ? Problems.NotFound("topic")
            : await Hold(id, new WithdrawAcceptance(user.MemberId(), clock.GetUtcNow()), http, store, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Hold(
        Guid id, TopicCommand command, HttpContext http, IDocumentStore store, CancellationToken ct, int? atMost = null)
    {
        var handled = await store.Handle(Topic.Decider, id, command, new CommandOptions { ExpectedVersion = http.ExpectedVersion(), AtMost = atMost }, ct);

        return handled.Rejection is { } rejection
            ? rejection.ToProblem(rejection == Topic.NotTheAsker ? 403 : null)
            : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> VoteOnTopic(
        Guid id, NewVote body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        await context.Store.FindTopic(id, ct) is { } topic
            ? await Cast(topic, body.Value, context, ct)
            : Problems.NotFound("topic");

    private static async Task<Results<NoContent, ProblemHttpResult>> VoteOnReply(
        Guid id, Guid replyId, NewVote body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        await context.Store.FindReply(id, replyId, ct) is { } reply
            ? await Cast(reply, body.Value, context, ct)
            : Problems.NotFound("reply");

    private static async Task<Results<NoContent, ProblemHttpResult>> Cast(Post post, int value, ReaderContext context, CancellationToken ct)
    {
        var voter = context.User.MemberId();
        var stream = Vote.Stream(post.Id, voter);
        var vote = new VoteCast(stream, post.Kind, post.Id, post.AuthorId, voter, value, context.Clock.GetUtcNow(), Imported: false);
        var handled = await context.Store.Handle(Vote.Decider, stream, vote, new CommandOptions { AtMost = Vote.Changes }, ct);

        return handled.Rejection is { } rejection ? rejection.ToProblem(rejection == Vote.OwnPost ? 403 : null) : TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        await store.FindTopic(id, ct) is null
            ? Problems.NotFound("topic")
            : Done(await store.Handle(Topic.Decider, id, new DeleteTopic(user.MemberId(), IsModerator(user), clock.GetUtcNow()), ct));

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveReply(
        Guid id, Guid replyId, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if (await store.FindReply(id, replyId, ct) is null)
        {
            return Problems.NotFound("reply");
        }

        var now = clock.GetUtcNow();
        var forget = Besides.Of(Topic.Decider, id, (TopicCommand)new ForgetReply(replyId, now));

        var deleted = await store.Handle(
            Reply.Decider, replyId, new DeleteReply(user.MemberId(), IsModerator(user), now), new CommandOptions { Together = [forget] }, ct);

        // It may have been accepted after it was asked whether it is.
        if (deleted.Rejection is null)
        {
            await store.Handle(Topic.Decider, id, new ForgetReply(replyId, now), ct);
        }

        return Done(deleted);
    }

    private static bool IsModerator(ClaimsPrincipal user) => user.May("moderator", "operator");

    private static Results<NoContent, ProblemHttpResult> Done<TState>(Handled<TState> handled) =>
        handled.Rejection is { } rejection ? rejection.ToProblem(rejection == Post.NotTheAuthor ? 403 : null) : TypedResults.NoContent();

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawFromTopic(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        await store.FindTopic(id, ct) is { } topic ? await TakeBack(topic, user.MemberId(), store, clock, ct) : Problems.NotFound("topic");

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawFromReply(
        Guid id, Guid replyId, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct) =>
        await store.FindReply(id, replyId, ct) is { } reply ? await TakeBack(reply, user.MemberId(), store, clock, ct) : Problems.NotFound("reply");

    private static async Task<Results<NoContent, ProblemHttpResult>> TakeBack(Post post, Guid voter, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var stream = Vote.Stream(post.Id, voter);

        return Done(await store.Handle(Vote.Decider, stream, new VoteWithdrawn(stream, post.Kind, post.Id, voter, clock.GetUtcNow()), ct));
    }

    private static async Task<Page<ReplyAnswer>> RepliesTo(
        Guid id, Topic.Open topic, Paging paging, IDocumentStore store, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var replies = session.Query<ReplyText>().Where(reply => reply.TopicId == id);

        if (paging.Key<TimeCursor>(out var after))
        {
            replies = replies.Where(reply => reply.At > after.At || (reply.At == after.At && reply.Id > after.Id));
        }

        var rows = await replies.OrderBy(reply => reply.At).ThenBy(reply => reply.Id).Take(paging.Size + 1).ToListAsync(ct);
        var page = paging.Page(rows, reply => new TimeCursor(reply.At, reply.Id));
        var votes = await Sums(database, VotesBySubject, [.. page.Items.Select(reply => reply.Id)], ct);

        return new Page<ReplyAnswer>(
            [.. page.Items.Select(reply => new ReplyAnswer(
                reply.Id, reply.TopicId, reply.AuthorId, CommentEndpoints.Shown(reply.Body, reply.Imported), CommentEndpoints.FormatOf(reply.Imported), reply.At,
                votes.GetValueOrDefault(reply.Id), topic.Accepted?.ReplyId == reply.Id))],
            page.Next);
    }

    private static async Task<Dictionary<Guid, int>> Sums(NpgsqlDataSource database, string sql, Guid[] ids, CancellationToken ct)
    {
        await using var select = database.CreateCommand(sql);
        select.Parameters.Add(new() { Value = ids });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var sums = new Dictionary<Guid, int>();

        while (await rows.ReadAsync(ct))
        {
            sums[rows.GetGuid(0)] = rows.GetInt32(1);
        }

        return sums;
    }

    private static TopicAnswer Show(Guid id, Topic.Open topic, int votes, int replyCount, Page<ReplyAnswer> replies)
    {
        var opened = topic.Opened;

        return new(
            id, opened.Kind, opened.AuthorId, opened.Title, CommentEndpoints.Shown(opened.Body, opened.Imported), CommentEndpoints.FormatOf(opened.Imported), opened.Tags,
            opened.At, votes, topic.Accepted?.ReplyId, replyCount, replies.Items, replies.Next);
    }

    private static ReplyAnswer Show(Guid id, ReplyPosted reply, int votes, bool accepted) => new(
        id, reply.TopicId, reply.AuthorId, CommentEndpoints.Shown(reply.Body, reply.Imported), CommentEndpoints.FormatOf(reply.Imported), reply.At, votes, accepted);
}
