namespace Community.Incentives.Rules;

/// <summary>
/// What a programmers' community starts with: being valued pays more than posting. docs/incentives.md gives the reasons. It
/// holds from the beginning of time, so that whatever is imported finds a rule.
/// </summary>
internal static class DefaultRules
{
    private const string Valued = "valued";
    private const int ValuedADay = 200;

    public static readonly RuleSet Set = new(1, DateTimeOffset.MinValue,
    [
        new("content-viewed", Activities.View, Points: 1, DailyCap: 3),
        new("comment-posted", Activities.Comment, Points: 1, DailyCap: 5),
        new("reply-posted", Activities.Reply, Points: 2, DailyCap: 10),
        new("topic-opened", Activities.Topic, Points: 1, DailyCap: 3),
        new("reaction-added", Activities.Reaction, Points: 1, DailyCap: 3),
        new("content-shared", Activities.Share, Points: 1, DailyCap: 3),
        new("feedback-given", Activities.Feedback, Points: 2, DailyCap: 6),
        new("content-published", Activities.Content, Points: 20, DailyCap: 40),
        new("order-paid", Activities.Order, Points: 10, DailyCap: 30),
        new("reaction-received", Activities.Reaction, Points: 5, ValuedADay) { To = Beneficiary.Author, CapGroup = Valued, PerCounterpartCap = 50 },
        new("topic-upvoted", Activities.Upvote, Points: 5, ValuedADay) { To = Beneficiary.Author, When = new("topic"), CapGroup = Valued, PerCounterpartCap = 50 },
        new("reply-upvoted", Activities.Upvote, Points: 10, ValuedADay) { To = Beneficiary.Author, When = new("reply"), CapGroup = Valued, PerCounterpartCap = 50 },
        new("post-downvoted", Activities.Downvote, Points: -2) { To = Beneficiary.Author },
        new("reply-accepted", Activities.AcceptedReply, Points: 15, DailyCap: 150) { To = Beneficiary.Author },
        new("acceptance-given", Activities.AcceptedReply, Points: 2, DailyCap: 10) { To = Beneficiary.Actor },
    ]);
}
