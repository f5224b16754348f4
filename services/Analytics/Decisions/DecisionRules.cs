using System.Globalization;
using Community.Analytics.Activity;
using Community.Analytics.Forecasts;
using Community.Analytics.Ingestion;
using Community.Analytics.Revenue;

namespace Community.Analytics.Decisions;

/// <summary>All figures that rules look at, as they are on one day.</summary>
/// <param name="FirstDay">With activity.</param>
/// <param name="Active">Members active in the last four weeks.</param>
/// <param name="Counts">What they did in them, by kind.</param>
/// <param name="Months">Active members and what moved them, of the full months so far.</param>
/// <param name="Stickiness">Of the last four full months, the latest last; fewer where there are fewer.</param>
/// <param name="Ratings">How many members rated in the last four weeks.</param>
/// <param name="MeanRating">1 to 5.</param>
/// <param name="Regulars">Members active in three of the four weeks before the last two full ones.</param>
/// <param name="Silent">Those of them who were not active since.</param>
internal sealed record Evidence(
    DateOnly Today, DateOnly FirstDay, long Active, IReadOnlyDictionary<string, long> Counts, Past Months, IReadOnlyList<StickinessMonth> Stickiness,
    long Ratings, double MeanRating, long Regulars, long Silent)
{
    public const int WindowDays = 28;

    /// <summary>Plans, at the end of the last full month and of the three before it.</summary>
    public IReadOnlyList<PlanTrend> Plans { get; init; } = [];

    public DateOnly WindowStart => Today.AddDays(1 - WindowDays);

    public long Count(params string[] kinds) => kinds.Sum(kind => Counts.GetValueOrDefault(kind));
}

/// <summary>What a rule says of the figures of a day.</summary>
internal sealed record Finding(
    string Family, string Rule, int Version, string Occasion, IReadOnlyDictionary<string, double> Figures, string Suggestion, bool Provisional, DateOnly From, DateOnly To,
    Guid? SubjectId = null, string? Currency = null)
{
    public Guid Stream => Decision.Stream(Rule, Version, Occasion);

    public DecisionOpened Opened(DateTimeOffset at) => new(Family, Rule, Version, Figures, Suggestion, Provisional, From, To, at, SubjectId, Currency);
}

/// <summary>
/// The rules, each with its version: another threshold is another version. A community that is smaller or younger than the
/// minimum hears only what is marked as provisional.
/// </summary>
internal static class DecisionRules
{
    /// <summary>Members; fewer say nothing.</summary>
    public const int MinimumSize = 30;

    public const string Engagement = "engagement";
    public const string Churn = "churn-above-forecast";
    public const string Stickiness = "falling-stickiness";
    public const string Quality = "quality-below-bar";
    public const string Leaving = "members-about-to-leave";

    /// <summary>A family for each plan: each is a question of its own.</summary>
    public const string Plan = "plan-losing-money";

    private const double PlanLoses = 0.1;
    private const double StickinessFallsTo = 0.8;
    private const double RatingBar = 3.5;
    private const double SilentShare = 0.1;

    public static IReadOnlyList<Finding> Find(Evidence evidence) =>
        [.. new[] { OfEngagement(evidence), OfChurn(evidence), OfStickiness(evidence), OfQuality(evidence), OfLeaving(evidence) }.OfType<Finding>(), .. OfPlans(evidence)];

    // The source's own: clicks > comments > shares, comments above both, or neither.
    private static Finding? OfEngagement(Evidence e)
    {
        var clicks = e.Count(ActivityKinds.View, ActivityKinds.Click);
        var comments = e.Count(ActivityKinds.Comment, ActivityKinds.Reply);
        var shares = e.Count(ActivityKinds.Share);
        var (rule, suggestion) =
            clicks > comments && comments > shares ? ("mostly-reading", "raise-incentives-for-comments-and-shares")
            : comments > clicks && comments > shares ? ("mostly-discussing", "raise-quality-and-interaction")
            : ("diverse", "adjust-overall");

        return clicks + comments + shares == 0 ? null : new(
            Engagement, rule, 1, Day(e.Today), new Dictionary<string, double> { ["clicks"] = clicks, ["comments"] = comments, ["shares"] = shares, ["active"] = e.Active },
            suggestion, e.Active < MinimumSize || e.FirstDay > e.WindowStart, e.WindowStart, e.Today);
    }

    // The last full month's active members lie below the band that the months before it led to expect.
    private static Finding? OfChurn(Evidence e)
    {
        var (active, moves) = (e.Months.Active, e.Months.Moves);

        if (moves.Count <= MemberForecast.Least || active[^2] < MinimumSize)
        {
            return null;
        }

        var band = MemberForecast.Of([.. active.SkipLast(1)], [.. moves.SkipLast(1)], 1)[0];

        return active[^1] >= band.Low ? null : new(
            Churn, Churn, 1, Month(e.Months.Last),
            new Dictionary<string, double> { ["active"] = active[^1], ["activeBefore"] = active[^2], ["expected"] = band.Expected, ["low"] = band.Low, ["lossRate"] = moves[^1].Loss },
            "ask-who-left", false, e.Months.Last, e.Months.After(0).AddDays(-1));
    }

    private static Finding? OfStickiness(Evidence e)
    {
        if (e.Stickiness is not [var a, var b, var c, var last] || e.Stickiness.Any(month => month.Mau < MinimumSize))
        {
            return null;
        }

        var before = (a.Stickiness + b.Stickiness + c.Stickiness) / 3;

        return last.Stickiness >= before * StickinessFallsTo ? null : new(
            Stickiness, Stickiness, 1, Month(last.Start), new Dictionary<string, double> { ["stickiness"] = last.Stickiness, ["before"] = before, ["mau"] = last.Mau },
            "give-reasons-to-return", false, last.Start, last.Start.AddMonths(1).AddDays(-1));
    }

    private static Finding? OfQuality(Evidence e) => e.Ratings < MinimumSize || e.MeanRating >= RatingBar ? null : new(
        Quality, Quality, 1, Month(Period.Month.StartOf(e.Today)), new Dictionary<string, double> { ["rating"] = e.MeanRating, ["ratings"] = e.Ratings, ["bar"] = RatingBar },
        "review-more-strictly", false, e.WindowStart, e.Today);

    private static Finding? OfLeaving(Evidence e) => e.Regulars < MinimumSize || e.Silent < e.Regulars * SilentShare ? null : new(
        Leaving, Leaving, 1, Day(Period.Week.StartOf(e.Today)), new Dictionary<string, double> { ["regulars"] = e.Regulars, ["silent"] = e.Silent },
        "invite-back", false, Period.Week.StartOf(e.Today).AddDays(-42), Period.Week.StartOf(e.Today).AddDays(-1));

    // Less at the end of each of three months in a row, and a tenth less in all.
    private static IEnumerable<Finding> OfPlans(Evidence e)
    {
        var last = Period.Month.StartOf(e.Today).AddMonths(-1);

        return
            from plan in e.Plans
            where plan.Payers >= MinimumSize && plan.Mrr is [var a, var b, var c, var d] && b < a && c < b && d < c && d <= a * (1 - PlanLoses)
            select new Finding(
                $"{Plan}/{plan.PlanId}/{plan.Currency}", Plan, 1, $"{Month(last)}/{plan.PlanId}/{plan.Currency}",
                new Dictionary<string, double> { ["mrr"] = plan.Mrr[3], ["mrrBefore"] = plan.Mrr[0], ["payers"] = plan.Payers },
                "mend-or-end-the-plan", false, last.AddMonths(-2), last.AddMonths(1).AddDays(-1), plan.PlanId, plan.Currency);
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Month(DateOnly start) => start.ToString("yyyy-MM", CultureInfo.InvariantCulture);
}
