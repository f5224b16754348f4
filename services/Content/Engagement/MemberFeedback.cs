using System.Collections.Immutable;
using System.Diagnostics;

namespace Community.Content.Engagement;

internal abstract record FeedbackCommand;

internal sealed record React(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : FeedbackCommand;

internal sealed record WithdrawReaction(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : FeedbackCommand;

/// <summary>Given anew it takes the place of the one before.</summary>
internal sealed record GiveFeedback(Guid ContentId, Guid MemberId, int Rating, string Text, DateTimeOffset At) : FeedbackCommand;

internal sealed record MemberFeedback(ImmutableHashSet<ReactionKind> Reactions, FeedbackGiven? Feedback)
{
    public static readonly Decider<MemberFeedback, FeedbackCommand, FeedbackEvent> Decider = new(new([], null), Decide, Evolve);

    /// <summary>After so many changes of mind nothing is added any more, only taken back.</summary>
    public const int Changes = 200;

    public static Guid Stream(Guid contentId, Guid memberId) => StreamId.Of("opinion", $"{contentId}/{memberId}");

    private static Decision<FeedbackEvent> Decide(MemberFeedback feedback, FeedbackCommand command) => command switch
    {
        React c when feedback.Reactions.Contains(c.Kind) => Decision.Nothing,
        React c => new ReactionAdded(c.ContentId, c.MemberId, c.Kind, c.At),
        WithdrawReaction c when !feedback.Reactions.Contains(c.Kind) => Decision.Nothing,
        WithdrawReaction c => new ReactionWithdrawn(c.ContentId, c.MemberId, c.Kind, c.At),
        GiveFeedback c when feedback.Feedback is { } given && (given.Rating, given.Text) == (c.Rating, c.Text) => Decision.Nothing,
        GiveFeedback c => new FeedbackGiven(c.ContentId, c.MemberId, c.Rating, c.Text, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of feedback.")
    };

    private static MemberFeedback Evolve(MemberFeedback feedback, FeedbackEvent @event) => @event switch
    {
        ReactionAdded e => feedback with { Reactions = feedback.Reactions.Add(e.Kind) },
        ReactionWithdrawn e => feedback with { Reactions = feedback.Reactions.Remove(e.Kind) },
        FeedbackGiven e => feedback with { Feedback = e },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of feedback.")
    };
}

internal static class Moment
{
    private static readonly TimeSpan Stretch = TimeSpan.FromMinutes(30);

    /// <summary>
    /// What a member does with a content counts once in each half hour, however often the page is loaded. It is counted in
    /// fixed stretches: "so long after the last that counted" would have to look for it.
    /// </summary>
    public static Guid Stream(MomentEvent moment) => moment switch
    {
        ContentViewed e => StreamId.Of("view", $"{e.ContentId}/{e.MemberId}/{Of(e.At)}"),
        ContentShared e => StreamId.Of("share", $"{e.ContentId}/{e.MemberId}/{e.Channel}/{Of(e.At)}"),
        _ => throw new UnreachableException()
    };

    private static long Of(DateTimeOffset at) => at.UtcTicks / Stretch.Ticks;

    public static readonly Decider<MomentEvent?, MomentEvent, MomentEvent> Decider = SingleEventStream.Decider<MomentEvent>((known, repeat) => (known, repeat) switch
    {
        (ContentViewed k, ContentViewed r) => k == r with { At = k.At },
        (ContentShared k, ContentShared r) => k == r with { At = k.At },
        _ => false
    });
}
