namespace Community.Analytics.Contents;

/// <summary>What other modules know of contents, as relations of SQL.</summary>
internal static class ContentsAccess
{
    /// <summary>(member_id, item_id, at): who read what, and when last.</summary>
    public const string Reading = "(select member_id, content_id as item_id, at from content_members where views > 0 or depth > 0)";

    /// <summary>(content_id, author_id, topic): what is there to be read.</summary>
    public const string Facts = "(select content_id, author_id, topic, published_at from content_facts)";
}
