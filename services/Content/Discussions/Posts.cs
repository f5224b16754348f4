using Community.Content.Access;
using Community.Content.Updates;
using Marten.Events;

namespace Community.Content.Discussions;

/// <summary>What a comment or a vote is about.</summary>
internal enum SubjectKind { Content, Topic, Reply }

/// <param name="Topic">The topic itself, or the one that the reply answers.</param>
internal sealed record Post(Guid Id, SubjectKind Kind, Guid Topic, Guid? AuthorId)
{
    public static readonly Rejection NotTheAuthor = new("not-the-author", "Only who wrote it, or a moderator, deletes it.");
}

internal static class Posts
{
    /// <summary>Topics and replies by id, as the first event of each stream tells; what is missing or deleted is not there, nor what was said to a topic that is deleted.</summary>
    public static async Task<Dictionary<Guid, Post>> FindPosts(this IDocumentStore store, IEnumerable<Guid> ids, CancellationToken ct)
    {
        var wanted = ids.Distinct().ToArray();
        await using var session = store.QuerySession();
        var first = await session.Events.QueryAllRawEvents()
            .Where(e => e.Version == 1 && wanted.Contains(e.StreamId)).ToListAsync(ct);
        var concerned = wanted.Union(first.Select(e => e.Data).OfType<ReplyPosted>().Select(reply => reply.TopicId)).ToArray();
        var deleted = await session.Events.QueryAllRawEvents()
            .Where(e => concerned.Contains(e.StreamId) && e.EventTypesAre(typeof(TopicDeleted), typeof(ReplyDeleted))).Select(e => e.StreamId).ToListAsync(ct);

        return first
            .Select(e => e.Data switch
            {
                TopicOpened topic => new Post(e.StreamId, SubjectKind.Topic, e.StreamId, topic.AuthorId),
                ReplyPosted reply => new Post(e.StreamId, SubjectKind.Reply, reply.TopicId, reply.AuthorId),
                _ => null
            })
            .OfType<Post>()
            .Where(post => !deleted.Contains(post.Id) && !deleted.Contains(post.Topic))
            .ToDictionary(post => post.Id);
    }

    public static async Task<Post?> FindTopic(this IDocumentStore store, Guid id, CancellationToken ct) =>
        (await store.FindPosts([id], ct)).GetValueOrDefault(id) is { Kind: SubjectKind.Topic } topic ? topic : null;

    public static async Task<Post?> FindReply(this IDocumentStore store, Guid topic, Guid id, CancellationToken ct) =>
        (await store.FindPosts([id], ct)).GetValueOrDefault(id) is { Kind: SubjectKind.Reply } reply && reply.Topic == topic ? reply : null;
}

internal sealed class TopicUpdates : IUpdateSubjects
{
    public async Task<bool> Has(Guid subject, ReaderContext context, CancellationToken ct) => await context.Store.FindTopic(subject, ct) is not null;
}
