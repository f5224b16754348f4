using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.Content.Access;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Publishing;

internal sealed record PriceRequest(
    [property: Range(1, 1_000_000_000_000)] long Amount,
    [property: Currency] string Currency);

internal sealed record AccessRuleRequest(
    PriceRequest? Price = null,
    [property: Text(50)] string? Tier = null,
    [property: Range(1, 1000)] int? Level = null)
{
    public Requirements ToRequirements() => new(Price is { } price ? new Price(price.Amount, price.Currency) : null, Tier, Level);
}

internal sealed record NewContent(
    [property: Text(200)] string Title,
    [property: Text(100)] string Topic,
    Format Format,
    [property: Text(100_000, MultiLine = true)] string Body,
    [property: Text(50), MaxLength(10)] List<string>? Tags = null,
    AccessRuleRequest? Requires = null,
    DateOnly? PlannedFor = null) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("body", Body);
}

internal sealed record Revision(
    [property: Text(200)] string? Title = null,
    [property: Text(100)] string? Topic = null,
    Format? Format = null,
    [property: Text(100_000, MultiLine = true)] string? Body = null,
    [property: Text(50), MaxLength(10)] List<string>? Tags = null,
    AccessRuleRequest? Requires = null,
    DateOnly? PlannedFor = null) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("body", Body);
}

internal sealed record NewReview(
    Verdict Verdict,
    [property: Range(1, 5)] int Quality,
    [property: Text(5000, MultiLine = true, MayBeBlank = true)] string? Notes = null) : IWritten
{
    (string Field, string? Text) IWritten.Written => ("notes", Notes);
}

/// <param name="Body">As far as <paramref name="Access"/> goes.</param>
/// <param name="Reviews">For its author, reviewers and operators only.</param>
internal sealed record ContentAnswer(
    Guid ContentId, Guid AuthorId, string Title, string Topic, Format Format, string[] Tags, Stage Status, AccessLevel Access,
    Requirements Requires, string Body, DateOnly? PlannedFor, DateTimeOffset DraftedAt, DateTimeOffset? PublishedAt,
    IReadOnlyList<ContentReviewed>? Reviews);

internal sealed record ContentInList(
    Guid ContentId, Guid AuthorId, string Title, string Topic, Format Format, string[] Tags, Stage Status, AccessLevel Access,
    Requirements Requires, string Excerpt, DateOnly? PlannedFor, DateTimeOffset? PublishedAt);

/// <summary>Which contents a list holds; what is not given narrows nothing.</summary>
internal sealed record ContentFilter(EnumParameter<Stage>? Status = null, Guid? Author = null, [property: Text(100)] string? Topic = null, EnumParameter<Format>? Format = null);

/// <param name="Count">Of what is published.</param>
internal sealed record TopicCount(string Topic, int Count);

internal sealed record ContentCursor(DateTimeOffset At, Guid Id);

internal static class ContentEndpoints
{
    private const int MostTopics = 100;

    public static void MapContents(this IEndpointRouteBuilder app)
    {
        var contents = app.MapGroup("/contents").WithTag("Contents", "From draft to publication, behind paywalls or not.").RefuseComplexTexts();
        contents.MapPost("", Draft).RequireRoles("creator").AnswersVersion().WithSummary("Drafts a content");
        contents.MapGet("", List).AllowAnonymous().ProducesProblem(401)
            .WithSummary("Published contents, newest first; with status, one's own or, for reviewers and operators, all");
        contents.MapGet("topics", Topics).AllowAnonymous().WithSummary("The topics of what is published, the fullest first, and how much there is of each");
        contents.MapGet("{id:guid}", Get).AllowAnonymous().AnswersVersion().ProducesProblem(403)
            .WithSummary("A content, whole or as a preview; for its author and operators, what it was at an instant")
            .WithDescription("Price and tier each open it. Which level a member has is not known here yet: what requires one alone is whole only for its author, reviewers and operators.");
        contents.MapGet("{id:guid}/history", History).WithSummary("All that happened to a content; for its author and operators");
        contents.MapPatch("{id:guid}", Revise).AnswersVersion().TakesVersion().WithSummary("Changes what is given; for its author");
        contents.MapPost("{id:guid}/submission", Submit).AnswersVersion().TakesVersion().WithSummary("Submits a draft to review");
        contents.MapPost("{id:guid}/reviews", Review).RequireRoles("reviewer").AnswersVersion().TakesVersion().WithSummary("Reviews what somebody else has submitted");
        contents.MapPost("{id:guid}/publication", Publish).AnswersVersion().TakesVersion().WithSummary("Publishes what is approved");
        contents.MapDelete("{id:guid}/publication", Unpublish).AnswersVersion().TakesVersion().WithSummary("Takes a content back");
    }

    private static async Task<Results<Created<ContentAnswer>, ProblemHttpResult>> Draft(
        NewContent body, ClaimsPrincipal user, HttpContext http, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var id = http.NewId(clock);
        var handled = await store.Handle(ContentItem.Decider, id, new DraftContent(
            user.MemberId(), new ContentBody(body.Title, body.Topic, body.Format, body.Body), [.. (body.Tags ?? []).Distinct()],
            body.Requires?.ToRequirements() ?? Requirements.None, body.PlannedFor, clock.GetUtcNow()), ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        http.SetVersion(handled.Version);

        return TypedResults.Created($"/contents/{id}", Show(id, (ContentItem.Drafted)handled.State, Reader.Of(user), MemberEntitlements.None));
    }

    /// <summary>Published contents, newest first; with <c>status</c>, other ones: one's own, or all for reviewers and operators.</summary>
    private static async Task<Results<Ok<Page<ContentInList>>, ProblemHttpResult>> List(
        [AsParameters] Paging paging, [AsParameters] ContentFilter filter, ClaimsPrincipal user, IDocumentStore store, Entitlements entitlements, CancellationToken ct)
    {
        var reader = Reader.Of(user);
        var stage = filter.Status?.Value ?? Stage.Published;

        if (stage != Stage.Published && reader.MemberId is null)
        {
            return Problems.Problem(401, "unauthenticated", "Only what is published is open to anybody.");
        }

        await using var session = store.QuerySession();
        var listings = session.Query<ContentListing>().Where(listing => listing.Stage == stage);

        if (stage != Stage.Published && !reader.SeesDraftsOf(Guid.Empty))
        {
            listings = listings.Where(listing => listing.AuthorId == reader.MemberId!.Value);
        }

        if (filter.Author is { } writer)
        {
            listings = listings.Where(listing => listing.AuthorId == writer);
        }

        if (filter.Topic is { } topic)
        {
            listings = listings.Where(listing => listing.Topic == topic);
        }

        if (filter.Format is { Value: var format })
        {
            // Stored as a word, which Marten would compare as a number.
            var word = format.ToWord();
            listings = listings.Where(listing => listing.MatchesSql("d.data ->> 'format' = ?", word));
        }

        if (paging.Key<ContentCursor>(out var after))
        {
            listings = listings.Where(listing =>
                listing.ListedAt < after.At || (listing.ListedAt == after.At && listing.Id < after.Id));
        }

        var rows = await listings.OrderByDescending(listing => listing.ListedAt).ThenByDescending(listing => listing.Id)
            .Take(paging.Size + 1).ToListAsync(ct);
        var rights = await entitlements.Of(reader.MemberId, [.. rows.Select(listing => listing.Id)], ct);
        var page = paging.Page(rows, listing => new ContentCursor(listing.ListedAt, listing.Id));

        return TypedResults.Ok(new Page<ContentInList>(
            [.. page.Items.Select(listing => Show(listing, reader, rights))], page.Next));
    }

    private static async Task<Ok<Page<TopicCount>>> Topics(IDocumentStore store, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var topics = await session.Query<ContentListing>().Where(listing => listing.Stage == Stage.Published)
            .GroupBy(listing => listing.Topic).Select(of => new TopicCount(of.Key, of.Count())).ToListAsync(ct);

        return TypedResults.Ok(new Page<TopicCount>(
            [.. topics.OrderByDescending(topic => topic.Count).ThenBy(topic => topic.Topic, StringComparer.Ordinal).Take(MostTopics)], null));
    }

    private static async Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Get(
        Guid id, Instant? asOf, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var reader = context.Reader;
        var (content, version, entitlements) = await context.Find(id, ct);

        if (content is null)
        {
            return Problems.NotFound("content");
        }

        if (asOf is not { } instant)
        {
            var answer = Show(id, content, reader, entitlements);
            context.Http.SetVersion(version, reader.SeesDraftsOf(content.AuthorId) ? null : answer.Access.ToWord());

            return TypedResults.Ok(answer);
        }

        if (!reader.Keeps(content.AuthorId))
        {
            return Problems.Forbidden("Only its author and operators see a content as it was.");
        }

        return (await context.Store.Load(ContentItem.Decider, id, instant.Value, ct)).State is ContentItem.Drafted then
            ? TypedResults.Ok(Show(id, then, reader, entitlements))
            : Problems.NotFound("content at that instant");
    }

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(
        Guid id, [AsParameters] ReaderContext context, KeyRing keys, CancellationToken ct)
    {
        var (content, _, _) = await context.Find(id, ct);

        return content is null ? Problems.NotFound("content")
            : !context.Reader.Keeps(content.AuthorId) ? Problems.Forbidden("Only its author and operators see the history of a content.")
            : TypedResults.Ok(await context.Store.History(keys, id, ct));
    }

    private static Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Revise(
        Guid id, Revision body, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var command = new ReviseContent(
            body.Title, body.Topic, body.Format, body.Body, body.Tags?.Distinct().ToArray(), body.Requires?.ToRequirements(),
            body.PlannedFor, context.Clock.GetUtcNow());

        return Command(id, command, (reader, content) => reader.MemberId == content.AuthorId, context, ct);
    }

    private static Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Submit(Guid id, [AsParameters] ReaderContext context, CancellationToken ct) =>
        Command(id, new SubmitContent(context.Clock.GetUtcNow()), (reader, content) => reader.MemberId == content.AuthorId, context, ct);

    private static Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Review(
        Guid id, NewReview body, [AsParameters] ReaderContext context, CancellationToken ct) =>
        Command(
            id, new ReviewContent(context.User.MemberId(), body.Verdict, body.Quality, body.Notes ?? "", context.Clock.GetUtcNow()),
            (reader, content) => reader.MemberId != content.AuthorId, context, ct);

    private static Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Publish(Guid id, [AsParameters] ReaderContext context, CancellationToken ct) =>
        Command(id, new PublishContent(context.Clock.GetUtcNow()), (reader, content) => reader.Keeps(content.AuthorId), context, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Unpublish(Guid id, [AsParameters] ReaderContext context, CancellationToken ct)
    {
        var answer = await Command(id, new UnpublishContent(context.Clock.GetUtcNow()), (reader, content) => reader.Keeps(content.AuthorId), context, ct);

        return answer.Result is ProblemHttpResult problem ? problem : TypedResults.NoContent();
    }

    // Who may not see it is told that it does not exist; who may see it but not do this, that it is forbidden.
    private static async Task<Results<Ok<ContentAnswer>, ProblemHttpResult>> Command(
        Guid id, ContentCommand command, Func<Reader, ContentItem.Drafted, bool> permitted, ReaderContext context, CancellationToken ct)
    {
        var reader = context.Reader;
        var (content, _, entitlements) = await context.Find(id, ct);

        if (content is null)
        {
            return Problems.NotFound("content");
        }

        if (!permitted(reader, content))
        {
            return Problems.Forbidden(command is ReviewContent ? "Nobody reviews what they wrote." : "This is for the author of the content.");
        }

        var handled = await context.Store.Handle(
            ContentItem.Decider, id, command,
            new CommandOptions { ExpectedVersion = context.Http.ExpectedVersion(), AtMost = command is UnpublishContent ? null : ContentItem.Changes }, ct);

        if (handled.Rejection is { } rejection)
        {
            return rejection.ToProblem();
        }

        context.Http.SetVersion(handled.Version);

        return TypedResults.Ok(Show(id, (ContentItem.Drafted)handled.State, reader, entitlements));
    }

    private static ContentAnswer Show(Guid id, ContentItem.Drafted content, Reader reader, MemberEntitlements entitlements)
    {
        var text = content.Text;
        var access = reader.Into(content.AuthorId, content.Requires, entitlements.Open(id, content.Requires));

        return new(
            id, content.AuthorId, text.Title, text.Topic, text.Format, content.Tags, content.Stage, access, content.Requires,
            access == AccessLevel.Full ? text.Body : Preview.Of(text.Body), content.PlannedFor, content.DraftedAt, content.PublishedAt,
            reader.SeesDraftsOf(content.AuthorId) ? content.Reviews : null);
    }

    private static ContentInList Show(ContentListing listing, Reader reader, MemberEntitlements entitlements) => new(
        listing.Id, listing.AuthorId, listing.Title, listing.Topic, listing.Format, listing.Tags, listing.Stage,
        reader.Into(listing.AuthorId, listing.Requires, entitlements.Open(listing.Id, listing.Requires)), listing.Requires, listing.Excerpt, listing.PlannedFor, listing.PublishedAt);
}
