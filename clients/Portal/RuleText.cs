using Microsoft.Extensions.Localization;

namespace Community.Portal;

/// <summary>What a rule is for: of the rules that a community starts with in the reader's language, of others by their name.</summary>
internal static class RuleText
{
    public static string Of(IStringLocalizer<Words> words, string rule) => words[$"EarnedRule.{rule}"] is { ResourceNotFound: false } text ? text.Value : rule;
}
