using Community.Content.Discussions;
using Community.Content.Engagement;
using Community.Content.Publishing;
using Community.Messaging;

namespace Community.Content;

/// <summary>All that this service says aloud. Drafts, reviews and the texts themselves stay here.</summary>
internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<ContentPublished, Contracts.ContentPublished>(e => new(
            e.StreamId, e.Data.AuthorId, e.Data.Title, e.Data.Topic, e.Data.Format.ToWord(), e.Data.Quality,
            e.Data.Price is { } price ? new(price.Amount, price.Currency) : null, e.Data.At)),
        Publication.Of<ContentUnpublished, Contracts.ContentUnpublished>(e => new(e.StreamId, e.Data.At)),
        Publication.Of<ContentViewed, Contracts.ContentViewed>(e => new(e.Data.ContentId, e.Data.MemberId, e.Data.At)),
        Publication.Of<ContentShared, Contracts.ContentShared>(e => new(e.Data.ContentId, e.Data.MemberId, Channels.Known(e.Data.Channel), e.Data.At)),
        Publication.Of<ReactionAdded, Contracts.ReactionAdded>(e => new(e.Data.ContentId, e.Data.MemberId, e.Data.Kind.ToWord(), e.Data.At)),
        Publication.Of<FeedbackGiven, Contracts.FeedbackGiven>(e => new(e.Data.ContentId, e.Data.MemberId, e.Data.Rating, e.Data.At)),
        Publication.Of<CommentPosted, Contracts.CommentPosted>(e => new(
            e.StreamId, e.Data.SubjectKind.ToWord(), e.Data.SubjectId, e.Data.AuthorId, e.Data.At, e.Data.Imported)),
        Publication.Of<TopicOpened, Contracts.TopicOpened>(e => new(
            e.StreamId, e.Data.AuthorId, e.Data.Kind.ToWord(), e.Data.At, e.Data.Imported)),
        Publication.Of<ReplyPosted, Contracts.ReplyPosted>(e => new(
            e.StreamId, e.Data.TopicId, e.Data.AuthorId, e.Data.At, e.Data.Imported)),
        Publication.Of<ReplyAccepted, Contracts.ReplyAccepted>(e => new(
            e.StreamId, e.Data.ReplyId, e.Data.ReplyAuthorId, e.Data.AcceptedBy, e.Data.At, e.Data.Imported)),
        Publication.Of<ReplyAcceptanceWithdrawn, Contracts.ReplyAcceptanceWithdrawn>(e => new(
            e.StreamId, e.Data.ReplyId, e.Data.ReplyAuthorId, e.Data.At)),
        Publication.Of<VoteCast, Contracts.VoteCast>(e => new(
            e.Data.VoteId, e.Data.SubjectKind.ToWord(), e.Data.SubjectId, e.Data.SubjectAuthorId, e.Data.VoterId, e.Data.Value,
            e.Data.At, e.Data.Imported)),
        Publication.Of<VoteWithdrawn, Contracts.VoteWithdrawn>(e => new(e.Data.VoteId, e.Data.SubjectKind.ToWord(), e.Data.SubjectId, e.Data.At)),
        Publication.Of<ReactionWithdrawn, Contracts.ReactionWithdrawn>(e => new(e.Data.ContentId, e.Data.MemberId, e.Data.Kind.ToWord(), e.Data.At)),
        Publication.Of<TopicDeleted, Contracts.TopicDeleted>(e => new(e.StreamId, e.Data.At)),
        Publication.Of<ReplyDeleted, Contracts.ReplyDeleted>(e => new(e.Data.TopicId, e.StreamId, e.Data.At)),
        Publication.Of<CommentDeleted, Contracts.CommentDeleted>(e => new(e.StreamId, e.Data.At))
    ];
}
