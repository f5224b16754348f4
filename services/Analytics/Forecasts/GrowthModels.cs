namespace Community.Analytics.Forecasts;

/// <summary>The two models by which a community is thought about, as formulas.</summary>
internal static class GrowthModels
{
    /// <summary>N(t+1) = N(t) + G.</summary>
    public static IReadOnlyList<double> Growth(double members, double joins, int periods) => Steps(members, periods, n => n + joins);

    /// <summary>N(t+1) = N(t)·(1 − L).</summary>
    public static IReadOnlyList<double> Retention(double members, double churnRate, int periods) => Steps(members, periods, n => n * (1 - churnRate));

    private static List<double> Steps(double members, int periods, Func<double, double> next)
    {
        var steps = new List<double> { members };

        for (var t = 0; t < periods; t++)
        {
            steps.Add(next(steps[^1]));
        }

        return steps;
    }
}
