using Community.Content.Access;
using Community.Content.Updates;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Content.Publishing;

/// <summary>Contents, as far as a reader may know of them or take part in them.</summary>
internal static class PublishingAccess
{
    /// <summary>The content if the reader may know of it: it is published, theirs, to be reviewed by them, or bought by them; for who bought it, as it was published last.</summary>
    public static async Task<(ContentItem.Drafted? Content, long Version, MemberEntitlements Entitlements)> Find(this ReaderContext context, Guid id, CancellationToken ct)
    {
        var reader = context.Reader;
        var (state, version) = await context.Store.Load(ContentItem.Decider, id, asOf: null, ct);
        var entitlements = await context.Entitlements.Of(reader.MemberId, [id], ct);

        return state is not ContentItem.Drafted content ? (null, 0, entitlements)
            : reader.SeesDraftsOf(content.AuthorId) ? (content, version, entitlements)
            : content.Stage == Stage.Published || (entitlements.Bought.Contains(id) && content.Published is not null) ? (content.AsPublished(), version, entitlements)
            : (null, 0, entitlements);
    }

    /// <summary>The content, and why the member may not take part in it; null: they may.</summary>
    public static async Task<(ContentItem.Drafted? Content, ProblemHttpResult? Refusal)> FindToTakePart(
        this ReaderContext context, Guid id, AccessLevel needed, CancellationToken ct)
    {
        var (content, _, entitlements) = await context.Find(id, ct);

        return (content, content is null ? Problems.NotFound("content")
            : content.Stage != Stage.Published ? Problems.Problem(409, "content-not-published", "It is not published.")
            : needed == AccessLevel.Full && context.Reader.Into(content.AuthorId, content.Requires, entitlements.Open(id, content.Requires)) != AccessLevel.Full
                ? Problems.Forbidden("This is for those who can read all of it.")
            : null);
    }
}

/// <summary>Who may not know of a content may not know that something is said about it.</summary>
internal sealed class ContentUpdates : IUpdateSubjects
{
    public async Task<bool> Has(Guid subject, ReaderContext context, CancellationToken ct) => (await context.Find(subject, ct)).Content is not null;
}
