using System.ComponentModel.DataAnnotations;
using Community.Web;

namespace Community.Incentives.Rules;

/// <summary>Who a rule pays: who did it, or whose work it was done to.</summary>
public enum Beneficiary { Actor, Author, Both }

/// <summary>What has to be true of an activity for a rule to pay; what is not given is not asked.</summary>
/// <param name="Kind">Of what it is about: <c>article</c>, <c>question</c>, <c>reply</c>; of a reaction its kind.</param>
/// <param name="Area">The topic of the content.</param>
/// <param name="FirstTime">Only the first activity of its sort that the member ever did.</param>
public sealed record RuleCondition(
    [property: Text(50)] string? Kind = null,
    [property: Text(100)] string? Area = null,
    bool FirstTime = false);

/// <summary>What one activity gives or takes. Caps are in points and bound what is given, not what is taken.</summary>
/// <param name="To">Null: the actor; for an accepted reply its author.</param>
/// <param name="DailyCap">At most on one day of the community.</param>
/// <param name="WeeklyCap">At most from a Monday to a Sunday.</param>
/// <param name="LifetimeCap">At most ever.</param>
/// <param name="PerCounterpartCap">At most in a week by what one other member does, or by what is done to one other member's work.</param>
/// <param name="CapGroup">Rules of one group fill the same caps.</param>
/// <param name="CoolDownSeconds">One activity pays in each stretch of so many seconds, counted from midnight.</param>
/// <param name="MinQuality">The grade, 1 to 5, that the reviewer gave the content at least.</param>
/// <param name="Multiplier">Of the points, while the campaign lasts.</param>
/// <param name="From">The campaign begins. Without a multiplier the rule pays only during the campaign.</param>
/// <param name="Until">The campaign is over.</param>
public sealed record EarningRule(
    [property: Text(60), RegularExpression("[a-z0-9]+(-[a-z0-9]+)*", ErrorMessage = "must be words of a to z and 0 to 9 joined by hyphens")] string Rule,
    [property: AllowedValues(
        Activities.View, Activities.Comment, Activities.Reply, Activities.Topic, Activities.Reaction, Activities.Share, Activities.Feedback,
        Activities.AcceptedReply, Activities.Upvote, Activities.Downvote, Activities.Content, Activities.Order,
        ErrorMessage = "must be an activity that can earn")] string Activity,
    [property: Range(-1_000_000, 1_000_000)] int Points,
    [property: Range(1, 1_000_000)] int? DailyCap = null,
    [property: Range(1, 86_400)] int? CoolDownSeconds = null)
{
    [Range(1, 10_000_000)]
    public int? WeeklyCap { get; init; }

    [Range(1, 100_000_000)]
    public int? LifetimeCap { get; init; }

    [Range(1, 1_000_000)]
    public int? PerCounterpartCap { get; init; }

    public Beneficiary? To { get; init; }

    public RuleCondition? When { get; init; }

    [Text(60)]
    public string? CapGroup { get; init; }

    [Range(1, 3_650)]
    public int? ExpiresAfterDays { get; init; }

    [Range(1, 5)]
    public int? MinQuality { get; init; }

    [Range(0.01, 100)]
    public decimal? Multiplier { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>What fills the same caps.</summary>
    internal string Caps => CapGroup ?? Rule;

    internal bool IsCampaign(DateTimeOffset at) => (From is null || at >= From) && (Until is null || at < Until);

    /// <summary>Whether it asks for all that the member did before the activity, and not only in its week.</summary>
    internal bool LooksBack => LifetimeCap is not null || When?.FirstTime == true;
}
