namespace Community.Incentives;

/// <summary>What can give or take points, as the other services tell it.</summary>
internal static class Activities
{
    public const string View = "view";
    public const string Comment = "comment";
    public const string Reply = "reply";
    public const string Topic = "topic";
    public const string Reaction = "reaction";
    public const string Share = "share";
    public const string Feedback = "feedback";
    public const string AcceptedReply = "acceptedReply";
    public const string Upvote = "upvote";
    public const string Downvote = "downvote";
    public const string Content = "content";
    public const string Order = "order";

    /// <summary>They value somebody else's work: one's own pays nothing, and they go with what was valued.</summary>
    public static readonly IReadOnlyList<string> Valuing = [View, Reaction, Share, Feedback, AcceptedReply, Upvote, Downvote];

    /// <inheritdoc cref="Valuing"/>
    public static bool Values(string activity) => activity is View or Reaction or Share or Feedback or AcceptedReply or Upvote or Downvote;
}
