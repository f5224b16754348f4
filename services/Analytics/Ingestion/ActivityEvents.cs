using Community.EventStore;

namespace Community.Analytics.Ingestion;

public abstract record HeardEvent
{
    private protected HeardEvent() { }
}

/// <param name="Kind">One of <see cref="ActivityKinds"/>.</param>
/// <param name="At">When it was done, however late it was heard.</param>
/// <param name="Depth">Of a view that a client told: how far it went, from 0 to 1.</param>
[EventType("activity-recorded.v1")]
public sealed record ActivityRecorded(Guid MemberId, string Kind, Guid? SubjectId, DateTimeOffset At, double? Depth = null) : HeardEvent;

/// <summary>No activity: growth is counted from it.</summary>
[EventType("member-join-recorded.v1")]
public sealed record MemberJoinRecorded(Guid MemberId, DateTimeOffset At, bool Imported) : HeardEvent;

/// <summary>
/// What counts as activity: what a member does. Not joining or signing in, nor what happens to the member (badges, points),
/// nor what nobody known did.
/// </summary>
internal static class ActivityKinds
{
    public const string View = "view";
    public const string Click = "click";

    /// <summary>Only clients tell it, and it is no activity: who searches has not found anything yet.</summary>
    public const string Search = "search";
    public const string Content = "content";
    public const string Topic = "topic";
    public const string Reply = "reply";
    public const string Comment = "comment";
    public const string Reaction = "reaction";
    public const string Vote = "vote";
    public const string Share = "share";
    public const string Feedback = "feedback";
    public const string Order = "order";
    public const string Registration = "registration";
    public const string CheckIn = "checkIn";
    public const string Lesson = "lesson";
    public const string Booking = "booking";
    public const string Redemption = "redemption";

    /// <summary>In the order in which members mostly come to them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        View, Click, Reaction, Vote, Feedback, Share, Comment, Topic, Reply, Content, Order, Registration, CheckIn, Lesson, Booking, Redemption
    ];
}
