using System.Collections.Immutable;
using System.Diagnostics;

namespace Community.Content.Engagement;

internal abstract record OpinionCommand;

internal sealed record React(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : OpinionCommand;

internal sealed record WithdrawReaction(Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : OpinionCommand;

/// <summary>Given anew it takes the place of the one before.</summary>
internal sealed record GiveFeedback(Guid ContentId, Guid MemberId, int Rating, string Text, DateTimeOffset At) : OpinionCommand;

internal sealed record Opinion(ImmutableHashSet<ReactionKind> Reactions, FeedbackGiven? Feedback)
{
    public static readonly Decider<Opinion, OpinionCommand, OpinionEvent> Decider = new(new([], null), Decide, Evolve);

    /// <summary>After so many changes of mind nothing is added any more, only taken back.</summary>
    public const int Changes = 200;

    public static Guid Stream(Guid contentId, Guid memberId) => StreamId.Of("opinion", $"{contentId}/{memberId}");

    private static Decision<OpinionEvent> Decide(Opinion opinion, OpinionCommand command) => command switch
    {
        React c when opinion.Reactions.Contains(c.Kind) => Decision.Nothing,
        React c => new ReactionAdded(c.ContentId, c.MemberId, c.Kind, c.At),
        WithdrawReaction c when !opinion.Reactions.Contains(c.Kind) => Decision.Nothing,
        WithdrawReaction c => new ReactionWithdrawn(c.ContentId, c.MemberId, c.Kind, c.At),
        GiveFeedback c when opinion.Feedback is { } given && (given.Rating, given.Text) == (c.Rating, c.Text) => Decision.Nothing,
        GiveFeedback c => new FeedbackGiven(c.ContentId, c.MemberId, c.Rating, c.Text, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of an opinion.")
    };

    private static Opinion Evolve(Opinion opinion, OpinionEvent @event) => @event switch
    {
        ReactionAdded e => opinion with { Reactions = opinion.Reactions.Add(e.Kind) },
        ReactionWithdrawn e => opinion with { Reactions = opinion.Reactions.Remove(e.Kind) },
        FeedbackGiven e => opinion with { Feedback = e },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of an opinion.")
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
