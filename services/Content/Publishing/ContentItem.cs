using System.Collections.Immutable;
using System.Diagnostics;
using Community.Content.Access;

namespace Community.Content.Publishing;

internal abstract record ContentCommand;

internal sealed record DraftContent(
    Guid AuthorId, ContentBody Text, string[] Tags, Requirements Requires, DateOnly? PlannedFor, DateTimeOffset At) : ContentCommand;

/// <summary>What is null stays as it is.</summary>
internal sealed record ReviseContent(
    string? Title, string? Topic, Format? Format, string? Body, string[]? Tags, Requirements? Requires, DateOnly? PlannedFor,
    DateTimeOffset At) : ContentCommand;

internal sealed record SubmitContent(DateTimeOffset At) : ContentCommand;

internal sealed record ReviewContent(Guid ReviewerId, Verdict Verdict, int Quality, string Notes, DateTimeOffset At) : ContentCommand;

internal sealed record PublishContent(DateTimeOffset At) : ContentCommand;

internal sealed record UnpublishContent(DateTimeOffset At) : ContentCommand;

/// <summary>A content as it was published: what those see who bought it, whatever its author does with it meanwhile.</summary>
internal sealed record Edition(ContentBody Text, string[] Tags, Requirements Requires);

internal enum Stage { Draft, Submitted, ChangesRequested, Rejected, Approved, Published, Unpublished }

/// <summary>The life of a content from draft to publication. Who may see or do what, the endpoints know.</summary>
internal abstract record ContentItem
{
    /// <summary>So long may a content's stream be before nothing changes any more but that it can be taken back.</summary>
    public const int Changes = 1_000;

    /// <summary>Whoever reads a content reads all its versions: they must not become many times a text.</summary>
    public const long LongestInAll = 10_000_000;

    public static readonly Decider<ContentItem, ContentCommand, ContentEvent> Decider = new(new Undrafted(), Decide, Evolve);

    public sealed record Undrafted : ContentItem;

    public sealed record Drafted(
        Guid AuthorId, ContentBody Text, string[] Tags, Requirements Requires, DateOnly? PlannedFor, DateTimeOffset DraftedAt) : ContentItem
    {
        public Stage Stage { get; init; } = Stage.Draft;

        public ImmutableList<ContentReviewed> Reviews { get; init; } = [];

        public DateTimeOffset? PublishedAt { get; init; }

        /// <summary>Characters in all its versions together.</summary>
        public long Written { get; init; } = Text.Body.Length;

        /// <summary>Of the last publication.</summary>
        public Edition? Published { get; init; }

        /// <summary>As those know it who do not see what is being worked on: while it is not published, by its last edition.</summary>
        public Drafted AsPublished() => Stage == Stage.Published || Published is not { } edition
            ? this
            : this with { Text = edition.Text, Tags = edition.Tags, Requires = edition.Requires, Stage = Stage.Unpublished };
    }

    private static Decision<ContentEvent> Decide(ContentItem content, ContentCommand command) => (content, command) switch
    {
        (Undrafted, DraftContent c) => new ContentDrafted(c.AuthorId, c.Text, c.Tags, c.Requires, c.PlannedFor, c.At),
        (Drafted w, DraftContent c) => IsRepeat(w, c) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (Undrafted, _) => Rejection.NotFound,
        (Drafted w, ReviseContent c) => Revise(w, c),
        (Drafted w, SubmitContent c) => Submit(w, c),
        (Drafted w, ReviewContent c) => Review(w, c),
        (Drafted w, PublishContent c) => Publish(w, c),
        (Drafted w, UnpublishContent c) => Unpublish(w, c),
        _ => throw new UnreachableException($"{command.GetType().Name} on {content.GetType().Name}.")
    };

    private static bool IsRepeat(Drafted content, DraftContent command) =>
        (content.AuthorId, content.Text, content.Requires, content.PlannedFor)
            == (command.AuthorId, command.Text, command.Requires, command.PlannedFor)
        && content.Tags.SequenceEqual(command.Tags);

    private static Decision<ContentEvent> Revise(Drafted content, ReviseContent command)
    {
        var body = new ContentBody(
            command.Title ?? content.Text.Title, command.Topic ?? content.Text.Topic,
            command.Format ?? content.Text.Format, command.Body ?? content.Text.Body);
        ImmutableArray<ContentEvent> changes =
        [
            .. body != content.Text ? [new ContentRevised(body, command.At)] : Array.Empty<ContentEvent>(),
            .. command.Tags is { } tags && !tags.SequenceEqual(content.Tags) ? [new ContentTagged(tags, command.At)] : Array.Empty<ContentEvent>(),
            .. command.Requires is { } asked && asked != content.Requires ? [new ContentRequirementsSet(asked, command.At)] : Array.Empty<ContentEvent>(),
            .. command.PlannedFor is { } day && day != content.PlannedFor ? [new ContentPlanned(day, command.At)] : Array.Empty<ContentEvent>()
        ];

        return (changes, content.Stage) switch
        {
            ([], _) => Decision.Nothing,
            (_, Stage.Submitted) => new Rejection("content-in-review", "What is being reviewed cannot change."),
            (_, Stage.Published) => new Rejection("content-published", "What is published was reviewed as it is: take it back first."),
            _ when content.Written + body.Body.Length > LongestInAll && body != content.Text => Rejection.TooManyChanges,
            _ => [.. changes]
        };
    }

    private static Decision<ContentEvent> Submit(Drafted content, SubmitContent command) => content.Stage switch
    {
        Stage.Draft or Stage.ChangesRequested => new ContentSubmitted(command.At),
        Stage.Submitted => Decision.Nothing,
        Stage.Rejected => new Rejection("content-rejected", "What was rejected is not reviewed again unless its text is revised."),
        _ => new Rejection("content-already-approved", "It is approved already.")
    };

    private static Decision<ContentEvent> Review(Drafted content, ReviewContent command)
    {
        var review = new ContentReviewed(command.ReviewerId, command.Verdict, command.Quality, command.Notes, command.At);

        return (content.Stage, content.Reviews) switch
        {
            _ when command.ReviewerId == content.AuthorId => new Rejection("own-content", "Nobody reviews what they wrote."),
            (Stage.Submitted, _) => review,
            (not Stage.Draft, [.., var last]) when last with { At = review.At } == review => Decision.Nothing,
            _ => new Rejection("content-not-submitted", "Only what was submitted is reviewed.")
        };
    }

    private static Decision<ContentEvent> Publish(Drafted content, PublishContent command) => content.Stage switch
    {
        Stage.Approved or Stage.Unpublished => new ContentPublished(
            content.AuthorId, content.Text.Title, content.Text.Topic, content.Text.Format,
            content.Reviews[^1].Quality, content.Requires.Price, command.At),
        Stage.Published => Decision.Nothing,
        _ => new Rejection("content-not-approved", "Only what a reviewer approved is published.")
    };

    private static Decision<ContentEvent> Unpublish(Drafted content, UnpublishContent command) => content.Stage switch
    {
        Stage.Published => new ContentUnpublished(command.At),
        Stage.Unpublished => Decision.Nothing,
        _ => new Rejection("content-not-published", "It is not published.")
    };

    private static Drafted Evolve(ContentItem content, ContentEvent @event) => (content, @event) switch
    {
        (Undrafted, ContentDrafted e) => new Drafted(e.AuthorId, e.Text, e.Tags, e.Requires, e.PlannedFor, e.At),
        // An approval was given to the text as it stood.
        (Drafted w, ContentRevised e) => w with { Text = e.Text, Written = w.Written + e.Text.Body.Length, Stage = Stage.Draft },
        (Drafted w, ContentTagged e) => w with { Tags = e.Tags },
        (Drafted w, ContentRequirementsSet e) => w with { Requires = e.Requires },
        (Drafted w, ContentPlanned e) => w with { PlannedFor = e.PlannedFor },
        (Drafted w, ContentSubmitted) => w with { Stage = Stage.Submitted },
        (Drafted w, ContentReviewed e) => w with { Reviews = w.Reviews.Add(e), Stage = Outcome(e.Verdict) },
        (Drafted w, ContentPublished e) => w with { Stage = Stage.Published, PublishedAt = e.At, Published = new Edition(w.Text, w.Tags, w.Requires) },
        (Drafted w, ContentUnpublished) => w with { Stage = Stage.Unpublished },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {content.GetType().Name}.")
    };

    internal static Stage Outcome(Verdict verdict) => verdict switch
    {
        Verdict.Approved => Stage.Approved,
        Verdict.ChangesRequested => Stage.ChangesRequested,
        Verdict.Rejected => Stage.Rejected
    };
}
