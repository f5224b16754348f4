using System.Collections.Frozen;

namespace Community.Content.Engagement;

/// <summary>
/// By which way something is passed on, in words of ours. A word of the client's own could be somebody's name, and a share is
/// kept for ever, also when that somebody is erased.
/// </summary>
internal static class Channels
{
    public const string Other = "other";

    private static readonly FrozenSet<string> All = FrozenSet.ToFrozenSet(
        [
            "link", "copy", "qr", "mail", "email", "sms", "print", "native", "rss",
            "wechat", "moments", "weibo", "qq", "qzone", "douyin", "xiaohongshu", "zhihu", "bilibili", "juejin", "dingtalk", "feishu", "alipay",
            "telegram", "whatsapp", "signal", "line", "kakaotalk", "x", "twitter", "bluesky", "mastodon", "facebook", "messenger", "instagram",
            "threads", "linkedin", "reddit", "hackernews", "youtube", "discord", "slack", "teams", "pocket", "github"
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The word where it is one of ours, in any case of letters; else "other".</summary>
    public static string Known(string channel) => All.TryGetValue(channel.Trim(), out var known) ? known : Other;
}
