using Microsoft.Extensions.Localization;

namespace Community.Portal;

/// <summary>What a badge takes, in the reader's language.</summary>
internal static class BadgeText
{
    /// <summary>Null: it came from elsewhere, and nobody here knows.</summary>
    public static string? Of(IStringLocalizer<Words> words, string? activity, Client.Incentives.Beneficiary? to, int? count) => activity is null || count is null
        ? null
        : words[to == Client.Incentives.Beneficiary.Author ? "BadgeTakesReceived" : "BadgeTakes", count, words[$"Activity.{activity}"].Value].Value;
}
