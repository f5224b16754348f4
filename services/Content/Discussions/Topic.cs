using System.Diagnostics;

namespace Community.Content.Discussions;

internal abstract record TopicCommand;

internal sealed record OpenTopic(
    TopicKind Kind, Guid? AuthorId, string Title, string Body, string[] Tags, DateTimeOffset At, bool Imported = false) : TopicCommand;

/// <param name="By">Null: imported.</param>
internal sealed record AcceptReply(Guid ReplyId, Guid? ReplyAuthorId, Guid? By, DateTimeOffset At) : TopicCommand
{
    public bool Imported => By is null;
}

internal sealed record WithdrawAcceptance(Guid By, DateTimeOffset At) : TopicCommand;

/// <summary>The reply is gone: it is accepted no more.</summary>
internal sealed record ForgetReply(Guid ReplyId, DateTimeOffset At) : TopicCommand;

internal sealed record DeleteTopic(Guid By, bool IsModerator, DateTimeOffset At) : TopicCommand;

/// <summary>A question or a discussion, and the reply that answers it.</summary>
internal abstract record Topic
{
    /// <summary>So long may a topic's stream be before no other reply is accepted any more.</summary>
    public const int Changes = 200;

    public static readonly Decider<Topic, TopicCommand, TopicEvent> Decider = new(new Unopened(), Decide, Evolve);

    public sealed record Unopened : Topic;

    public sealed record Open(TopicOpened Opened, ReplyAccepted? Accepted) : Topic;

    public sealed record Deleted(TopicOpened Opened) : Topic;

    private static Decision<TopicEvent> Decide(Topic topic, TopicCommand command) => (topic, command) switch
    {
        (Unopened, OpenTopic c) => new TopicOpened(c.Kind, c.AuthorId, c.Title, c.Body, c.Tags, c.At, c.Imported),
        (Open t, OpenTopic c) => IsRepeat(t.Opened, c) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (Deleted t, OpenTopic c) => IsRepeat(t.Opened, c) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (Unopened, _) => new Rejection("topic-unknown", "There is no such topic."),
        (Deleted, DeleteTopic or ForgetReply) => Decision.Nothing,
        (Deleted, _) => Rejection.NotFound,
        (Open t, DeleteTopic c) when !c.IsModerator && c.By != t.Opened.AuthorId => Post.NotTheAuthor,
        (Open { Accepted: { } a }, DeleteTopic c) => [new ReplyAcceptanceWithdrawn(a.ReplyId, a.ReplyAuthorId, c.At), new TopicDeleted(c.By, c.At)],
        (Open, DeleteTopic c) => new TopicDeleted(c.By, c.At),
        (Open { Accepted: { } a }, ForgetReply c) when a.ReplyId == c.ReplyId => new ReplyAcceptanceWithdrawn(a.ReplyId, a.ReplyAuthorId, c.At),
        (Open, ForgetReply) => Decision.Nothing,
        (Open { Opened.Kind: not TopicKind.Question }, _) => new Rejection("not-a-question", "Only a question has an answer."),
        (Open t, AcceptReply { Imported: true } c) => AcceptImported(t, c),
        (Open t, AcceptReply c) when c.By != t.Opened.AuthorId => NotTheAsker,
        (Open { Accepted: { } a }, AcceptReply c) when a.ReplyId == c.ReplyId => Decision.Nothing,
        (Open { Accepted: { } a }, AcceptReply c) =>
            [new ReplyAcceptanceWithdrawn(a.ReplyId, a.ReplyAuthorId, c.At), new ReplyAccepted(c.ReplyId, c.ReplyAuthorId, c.By, c.At, false)],
        (Open, AcceptReply c) => new ReplyAccepted(c.ReplyId, c.ReplyAuthorId, c.By, c.At, false),
        (Open t, WithdrawAcceptance c) when c.By != t.Opened.AuthorId => NotTheAsker,
        (Open { Accepted: { } a }, WithdrawAcceptance c) => new ReplyAcceptanceWithdrawn(a.ReplyId, a.ReplyAuthorId, c.At),
        (Open, WithdrawAcceptance) => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} on {topic.GetType().Name}.")
    };

    public static readonly Rejection NotTheAsker = new("not-the-asker", "Only who asked says which reply answers the question.");

    private static bool IsRepeat(TopicOpened opened, OpenTopic command) =>
        (opened.Kind, opened.AuthorId, opened.Title, opened.Body, opened.Imported)
            == (command.Kind, command.AuthorId, command.Title, command.Body, command.Imported)
        && opened.Tags.SequenceEqual(command.Tags)
        && (opened.At == command.At || !command.Imported);

    private static Decision<TopicEvent> AcceptImported(Open topic, AcceptReply command) => topic.Accepted switch
    {
        null => new ReplyAccepted(command.ReplyId, command.ReplyAuthorId, null, command.At, Imported: true),
        { Imported: true } a when (a.ReplyId, a.At) == (command.ReplyId, command.At) => Decision.Nothing,
        _ => SingleEventStream.AlreadyDifferent
    };

    private static Topic Evolve(Topic topic, TopicEvent @event) => (topic, @event) switch
    {
        (Unopened, TopicOpened e) => new Open(e, null),
        (Open t, ReplyAccepted e) => t with { Accepted = e },
        (Open t, ReplyAcceptanceWithdrawn) => t with { Accepted = null },
        (Open t, TopicDeleted) => new Deleted(t.Opened),
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {topic.GetType().Name}.")
    };
}

internal abstract record ReplyCommand;

internal sealed record PostReply(ReplyPosted Reply) : ReplyCommand;

internal sealed record DeleteReply(Guid By, bool IsModerator, DateTimeOffset At) : ReplyCommand;

internal sealed record Reply(ReplyPosted? Posted, bool IsDeleted)
{
    public static readonly Decider<Reply, ReplyCommand, ReplyEvent> Decider = new(new(null, false), Decide, Evolve);

    private static Decision<ReplyEvent> Decide(Reply reply, ReplyCommand command) => (reply.Posted, command) switch
    {
        (null, PostReply c) => c.Reply,
        ({ } known, PostReply { Reply: var repeat }) =>
            known == (repeat.Imported ? repeat : repeat with { At = known.At }) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (null, _) => Rejection.NotFound,
        (_, DeleteReply) when reply.IsDeleted => Decision.Nothing,
        ({ } known, DeleteReply c) => c.IsModerator || c.By == known.AuthorId ? new ReplyDeleted(known.TopicId, c.By, c.At) : Post.NotTheAuthor,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a reply.")
    };

    private static Reply Evolve(Reply reply, ReplyEvent @event) => @event switch
    {
        ReplyPosted e => reply with { Posted = e },
        ReplyDeleted => reply with { IsDeleted = true },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a reply.")
    };
}

/// <summary>What a member thinks of a post, or thought when it was imported; the command is the vote as it would stand.</summary>
internal sealed record Vote(VoteCast? Cast, bool IsWithdrawn)
{
    public static readonly Decider<Vote, VoteEvent, VoteEvent> Decider = new(new(null, false), Decide, Evolve);

    public static Guid Stream(Guid post, Guid voter) => StreamId.Of("vote", $"{post}/{voter}");

    /// <summary>So often a member may vote anew on one post.</summary>
    public const int Changes = 100;

    public static readonly Rejection OwnPost = new("own-post", "Nobody votes on what they wrote.");

    private static Decision<VoteEvent> Decide(Vote vote, VoteEvent command) => (vote.Cast, command) switch
    {
        (_, VoteCast c) when c.VoterId is not null && c.VoterId == c.SubjectAuthorId => OwnPost,
        (null, VoteCast c) => c,
        ({ } known, VoteCast { Imported: true } c) => known == c ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        ({ } known, VoteCast c) when known.Value == c.Value && !vote.IsWithdrawn => Decision.Nothing,
        ({ } known, VoteCast c) => c with { VoteId = known.VoteId },
        (null, VoteWithdrawn) => Decision.Nothing,
        (_, VoteWithdrawn) when vote.IsWithdrawn => Decision.Nothing,
        ({ } known, VoteWithdrawn c) => c with { VoteId = known.VoteId },
        _ => throw new UnreachableException($"{command.GetType().Name} is nothing to decide about a vote.")
    };

    private static Vote Evolve(Vote vote, VoteEvent @event) => @event switch
    {
        VoteCast e => new(e, IsWithdrawn: false),
        VoteWithdrawn => vote with { IsWithdrawn = true },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a vote.")
    };
}
