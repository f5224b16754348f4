using MathNet.Numerics.Distributions;

namespace Community.Analytics.Decisions;

/// <summary>What followed a resolution: the same share before and after, and what must not have fallen meanwhile.</summary>
internal static class Outcomes
{
    public const int WindowDays = Evidence.WindowDays;

    private const double GuardrailFallsTo = 0.9;

    /// <summary>A word for what the decisions of a family are measured by.</summary>
    public static string Metric(string family) => family switch
    {
        DecisionRules.Engagement => "commented-or-shared",
        DecisionRules.Quality => "rated-four-or-better",
        _ when family.StartsWith(DecisionRules.Plan, StringComparison.Ordinal) => "still-paying",
        _ => "active-again"
    };

    /// <param name="active">Active members of the four weeks before and after.</param>
    public static DecisionMeasured Of(string metric, Share before, Share after, (long Before, long After) active, DateTimeOffset at)
    {
        var interval = before.Of >= DecisionRules.MinimumSize && after.Of >= DecisionRules.MinimumSize ? Interval(before, after) : ((double, double, double)?)null;

        return new DecisionMeasured(
            metric, before, after, interval?.Item1, interval?.Item2, interval?.Item3,
            [new Guardrail("active", active.Before, active.After, active.After >= active.Before * GuardrailFallsTo)], at);
    }

    // Agresti and Caffo, The American Statistician 54 (2000): one success and one failure more on either side makes the simple
    // interval right for small shares, too.
    private static (double Difference, double Low, double High) Interval(Share before, Share after)
    {
        var (p, q) = ((before.Members + 1.0) / (before.Of + 2), (after.Members + 1.0) / (after.Of + 2));
        var margin = Normal.InvCDF(0, 1, 0.975) * Math.Sqrt((p * (1 - p) / (before.Of + 2)) + (q * (1 - q) / (after.Of + 2)));

        return ((double)after.Members / after.Of - ((double)before.Members / before.Of), q - p - margin, q - p + margin);
    }
}
