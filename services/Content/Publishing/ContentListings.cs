using Community.Content.Access;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events.Aggregation;

namespace Community.Content.Publishing;

/// <summary>A content in lists. Of its text it holds what anybody may see.</summary>
/// <param name="ListedAt">When it was drafted, later when it was last published.</param>
internal sealed record ContentListing(
    Guid Id, Guid AuthorId, string Title, string Topic, Format Format, string Excerpt, string[] Tags, Requirements Requires,
    DateOnly? PlannedFor, Stage Stage, DateTimeOffset ListedAt)
{
    public DateTimeOffset? PublishedAt { get; init; }
}

internal sealed partial class ContentListings : SingleStreamProjection<ContentListing, Guid>
{
    public static void Configure(StoreOptions options)
    {
        options.Schema.For<ContentListing>()
            .Duplicate(listing => listing.Stage)
            .Duplicate(listing => listing.ListedAt)
            .Duplicate(listing => listing.AuthorId);
        options.Projections.Add(new ContentListings(), ProjectionLifecycle.Async);
    }

    public static ContentListing Create(IEvent<ContentDrafted> e)
    {
        var (author, text, tags, requires, planned, at) = e.Data;

        return new(
            e.StreamId, author, text.Title, text.Topic, text.Format, Preview.Of(text.Body), tags, requires, planned,
            Stage.Draft, at);
    }

    public static ContentListing Apply(ContentRevised e, ContentListing listing) => listing with
    {
        Title = e.Text.Title,
        Topic = e.Text.Topic,
        Format = e.Text.Format,
        Excerpt = Preview.Of(e.Text.Body),
        Stage = Stage.Draft
    };

    public static ContentListing Apply(ContentTagged e, ContentListing listing) => listing with { Tags = e.Tags };

    public static ContentListing Apply(ContentRequirementsSet e, ContentListing listing) => listing with { Requires = e.Requires };

    public static ContentListing Apply(ContentPlanned e, ContentListing listing) => listing with { PlannedFor = e.PlannedFor };

    public static ContentListing Apply(ContentSubmitted _, ContentListing listing) => listing with { Stage = Stage.Submitted };

    public static ContentListing Apply(ContentReviewed e, ContentListing listing) => listing with { Stage = ContentItem.Outcome(e.Verdict) };

    public static ContentListing Apply(ContentPublished e, ContentListing listing) =>
        listing with { Stage = Stage.Published, ListedAt = e.At, PublishedAt = e.At };

    public static ContentListing Apply(ContentUnpublished _, ContentListing listing) => listing with { Stage = Stage.Unpublished };
}
