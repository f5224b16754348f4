using Community.Content.Discussions;
using Community.Content.Engagement;
using Community.Content.Publishing;
using Community.Privacy;

namespace Community.Content;

/// <summary>What this service hands out to a member about the member: the own part of each kind of event.</summary>
internal static class Exports
{
    public static readonly Disclosure[] All =
    [
        Disclosure.Of<ContentDrafted>(e => [e.Data.AuthorId]),
        // What follows in a content's stream holds no author; only the author, or an operator, does it.
        Disclosure.Of<ContentRevised>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentTagged>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentRequirementsSet>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentPlanned>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentSubmitted>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentUnpublished>(e => [Disclosure.By(e)]),
        Disclosure.Of<ContentReviewed>(e => [e.Data.ReviewerId]),
        Disclosure.Of<ContentPublished>(e => [e.Data.AuthorId]),
        Disclosure.Of<ContentViewed>(e => [e.Data.MemberId]),
        Disclosure.Of<ContentShared>(e => [e.Data.MemberId]),
        Disclosure.Of<ReactionAdded>(e => [e.Data.MemberId]),
        Disclosure.Of<ReactionWithdrawn>(e => [e.Data.MemberId]),
        Disclosure.Of<FeedbackGiven>(e => [e.Data.MemberId]),
        Disclosure.Of<CommentPosted>(e => [e.Data.AuthorId], (e, _) => e with { Body = CommentEndpoints.Shown(e.Body, e.Imported) }),
        Disclosure.Of<TopicOpened>(e => [e.Data.AuthorId], (e, _) => e with { Body = CommentEndpoints.Shown(e.Body, e.Imported) }),
        Disclosure.Of<ReplyPosted>(e => [e.Data.AuthorId], (e, _) => e with { Body = CommentEndpoints.Shown(e.Body, e.Imported) }),
        Disclosure.Of<TopicDeleted>(e => [e.Data.By]),
        Disclosure.Of<ReplyDeleted>(e => [e.Data.By]),
        Disclosure.Of<CommentDeleted>(e => [e.Data.By]),
        Disclosure.Of<VoteWithdrawn>(e => [e.Data.VoterId]),
        Disclosure.Of<ReplyAccepted>(
            e => [e.Data.ReplyAuthorId, e.Data.AcceptedBy],
            (e, member) => e with { ReplyAuthorId = Only(member, e.ReplyAuthorId), AcceptedBy = Only(member, e.AcceptedBy) }),
        Disclosure.Of<ReplyAcceptanceWithdrawn>(
            e => [e.Data.ReplyAuthorId, Disclosure.By(e)],
            (e, member) => e with { ReplyAuthorId = Only(member, e.ReplyAuthorId) }),
        // The author of a post learns what was voted, not by whom; the vote's id is made of the post's and the voter's.
        Disclosure.Of<VoteCast>(
            e => [e.Data.VoterId, e.Data.SubjectAuthorId],
            (e, member) => e.VoterId == member
                ? e with { SubjectAuthorId = Only(member, e.SubjectAuthorId) }
                : new { e.SubjectKind, e.SubjectId, e.SubjectAuthorId, e.Value, e.At, e.Imported })
    ];

    private static Guid? Only(Guid member, Guid? id) => id == member ? id : null;
}
