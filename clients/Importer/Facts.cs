namespace Community.Importer;

/// <summary>What a community takes, one for each import endpoint, in the order in which one builds on the other.</summary>
internal sealed record Kind(string Name, string Service, string Path)
{
    public static readonly Kind Members = new("members", "membership", "imports/members");
    public static readonly Kind Questions = new("questions", "content", "imports/topics");
    public static readonly Kind Answers = new("answers", "content", "imports/replies");
    public static readonly Kind Comments = new("comments", "content", "imports/comments");
    public static readonly Kind Accepted = new("accepted answers", "content", "imports/accepted-replies");
    public static readonly Kind Votes = new("votes", "content", "imports/votes");
    public static readonly Kind Badges = new("badges", "incentives", "imports/badges");
}

/// <summary>One thing to bring in: the item as the endpoint takes it, where it was read, and roughly how many bytes it is.</summary>
internal sealed record Fact(Guid Id, Place From, object Item, int Weight = 200);

internal readonly record struct Place(string File, int Line)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>The facts of one kind; <paramref name="Expected"/> serves the progress bar only.</summary>
internal sealed record Consignment(Kind Kind, int Expected, IEnumerable<Fact> Facts);

/// <summary>The import cannot go on; the message is for its user.</summary>
internal sealed class ImportFailedException(string message, Exception? cause = null) : Exception(message, cause);

// DateTime, always UTC, rather than DateTimeOffset: it is written with the Z that the API's convention asks for.
/// <param name="Email">Null: the source does not tell.</param>
internal sealed record Member(Guid MemberId, string DisplayName, DateTime JoinedAt, string? Email = null);

internal sealed record Topic(Guid TopicId, string Kind, Guid? AuthorId, string Title, string Body, IReadOnlyList<string> Tags, DateTime At);

internal sealed record Reply(Guid ReplyId, Guid TopicId, Guid? AuthorId, string Body, DateTime At);

internal sealed record Comment(Guid CommentId, string SubjectKind, Guid SubjectId, Guid? AuthorId, string Body, DateTime At);

internal sealed record AcceptedReply(Guid TopicId, Guid ReplyId, DateTime At);

internal sealed record Vote(Guid VoteId, string SubjectKind, Guid SubjectId, Guid? VoterId, int Value, DateTime At);

internal sealed record Badge(Guid AwardId, Guid MemberId, string Name, string Class, DateTime At);
