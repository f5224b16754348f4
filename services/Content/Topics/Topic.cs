using System.Diagnostics;

namespace Community.Content.Topics;

internal abstract record TopicCommand;

internal sealed record OpenTopic(
    TopicKind Kind, Guid? AuthorId, string Title, string Body, string[] Tags, DateTimeOffset At, bool Imported = false) : TopicCommand;

/// <param name="By">Null: imported.</param>
internal sealed record AcceptReply(Guid ReplyId, Guid? ReplyAuthorId, Guid? By, DateTimeOffset At) : TopicCommand
{
    public bool Imported => By is null;
}

internal sealed record WithdrawAcceptance(Guid By, DateTimeOffset At) : TopicCommand;

/// <summary>A question or a discussion, and the reply that answers it.</summary>
internal abstract record Topic
{
    /// <summary>So long may a topic's stream be before no other reply is accepted any more.</summary>
    public const int Changes = 200;

    public static readonly Decider<Topic, TopicCommand, TopicEvent> Decider = new(new Unopened(), Decide, Evolve);

    public sealed record Unopened : Topic;

    public sealed record Open(TopicOpened Opened, ReplyAccepted? Accepted) : Topic;

    private static Decision<TopicEvent> Decide(Topic topic, TopicCommand command) => (topic, command) switch
    {
        (Unopened, OpenTopic c) => new TopicOpened(c.Kind, c.AuthorId, c.Title, c.Body, c.Tags, c.At, c.Imported),
        (Open t, OpenTopic c) => IsRepeat(t.Opened, c) ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        (Unopened, _) => new Rejection("topic-unknown", "There is no such topic."),
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

    private static Open Evolve(Topic topic, TopicEvent @event) => (topic, @event) switch
    {
        (Unopened, TopicOpened e) => new Open(e, null),
        (Open t, ReplyAccepted e) => t with { Accepted = e },
        (Open t, ReplyAcceptanceWithdrawn) => t with { Accepted = null },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {topic.GetType().Name}.")
    };
}

internal static class Reply
{
    public static readonly Decider<ReplyPosted?, ReplyPosted, ReplyPosted> Decider =
        SingleEventStream.Decider<ReplyPosted>((known, repeat) => known == (repeat.Imported ? repeat : repeat with { At = known.At }));
}

/// <summary>What a member thinks of a post, or thought when it was imported; the command is the vote as it would stand.</summary>
internal static class Vote
{
    public static readonly Decider<VoteCast?, VoteCast, VoteCast> Decider = new(null, Decide, (_, vote) => vote);

    public static Guid Stream(Guid post, Guid voter) => StreamId.Of("vote", $"{post}/{voter}");

    /// <summary>So often a member may vote anew on one post.</summary>
    public const int Changes = 100;

    public static readonly Rejection OwnPost = new("own-post", "Nobody votes on what they wrote.");

    private static Decision<VoteCast> Decide(VoteCast? known, VoteCast vote) => known switch
    {
        _ when vote.VoterId is not null && vote.VoterId == vote.SubjectAuthorId => OwnPost,
        null => vote,
        _ when vote.Imported => known == vote ? Decision.Nothing : SingleEventStream.AlreadyDifferent,
        _ when known.Value == vote.Value => Decision.Nothing,
        _ => vote with { VoteId = known.VoteId }
    };
}
