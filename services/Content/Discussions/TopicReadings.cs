using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events.Aggregation;

namespace Community.Content.Discussions;

/// <summary>A topic in lists.</summary>
internal sealed record TopicListing(Guid Id, TopicKind Kind, Guid? AuthorId, string Title, IReadOnlyList<string> Tags, DateTimeOffset OpenedAt)
{
    public Guid? AcceptedReplyId { get; init; }
}

/// <summary>A reply as it is read.</summary>
internal sealed record ReplyText(Guid Id, Guid TopicId, Guid? AuthorId, string Body, bool Imported, DateTimeOffset At);

/// <summary>A vote as it is counted.</summary>
internal sealed record VoteRow(Guid Id, Guid SubjectId, int Value);

internal static class TopicReadings
{
    public static void Configure(StoreOptions options)
    {
        options.Schema.For<TopicListing>()
            .Duplicate(topic => topic.Kind)
            .Duplicate(topic => topic.OpenedAt);
        options.Schema.For<ReplyText>()
            .Duplicate(reply => reply.At)
            .Duplicate(reply => reply.TopicId);
        options.Schema.For<VoteRow>().DocumentAlias("ballot").Duplicate(vote => vote.SubjectId).Duplicate(vote => vote.Value);

        options.Projections.Add(new TopicListings(), ProjectionLifecycle.Async);
        // A topic by its id shows every reply and vote that was acknowledged.
        options.Projections.Add(new ReplyTexts(), ProjectionLifecycle.Inline);
        options.Projections.Add(new VoteRows(), ProjectionLifecycle.Inline);
    }
}

internal sealed partial class TopicListings : SingleStreamProjection<TopicListing, Guid>
{
    public TopicListings() => DeleteEvent<TopicDeleted>();

    public static TopicListing Create(IEvent<TopicOpened> e) =>
        new(e.StreamId, e.Data.Kind, e.Data.AuthorId, e.Data.Title, e.Data.Tags, e.Data.At);

    public static TopicListing Apply(ReplyAccepted e, TopicListing topic) => topic with { AcceptedReplyId = e.ReplyId };

    public static TopicListing Apply(ReplyAcceptanceWithdrawn _, TopicListing topic) => topic with { AcceptedReplyId = null };
}

internal sealed partial class ReplyTexts : SingleStreamProjection<ReplyText, Guid>
{
    public ReplyTexts() => DeleteEvent<ReplyDeleted>();

    public static ReplyText Create(IEvent<ReplyPosted> e) =>
        new(e.StreamId, e.Data.TopicId, e.Data.AuthorId, e.Data.Body, e.Data.Imported, e.Data.At);
}

internal sealed partial class VoteRows : SingleStreamProjection<VoteRow, Guid>
{
    public static VoteRow Create(IEvent<VoteCast> e) => new(e.StreamId, e.Data.SubjectId, e.Data.Value);

    public static VoteRow Apply(VoteCast e, VoteRow vote) => vote with { Value = e.Value };

    public static VoteRow Apply(VoteWithdrawn _, VoteRow vote) => vote with { Value = 0 };
}
