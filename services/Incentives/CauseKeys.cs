namespace Community.Incentives;

internal static class CauseKeys
{
    /// <summary>The key as a member may read it. Who viewed, valued or shared a content is part of it, and is theirs.</summary>
    public static string ShownTo(Guid member, string cause) =>
        // The id is made of voter and post: who knows both could try it on each member.
        cause.StartsWith("vote/", StringComparison.Ordinal) ? "vote"
        : cause.Split('/') is [Activities.View or Activities.Reaction or Activities.Share, _, _, _] or [Activities.Feedback, _, _]
        && !cause.EndsWith($"/{member}", StringComparison.Ordinal) ? cause[..cause.LastIndexOf('/')] : cause;
}
