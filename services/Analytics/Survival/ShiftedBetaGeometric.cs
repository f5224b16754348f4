using MathNet.Numerics;

namespace Community.Analytics.Survival;

/// <summary>
/// How long members stay: each leaves at the end of a period with a probability of their own, and these are beta
/// distributed over the members. Fader and Hardie, How to Project Customer Retention, Journal of Interactive Marketing 21 (2007).
/// </summary>
internal sealed record ShiftedBetaGeometric(double Alpha, double Beta)
{
    /// <summary>The share still there after <paramref name="periods"/>: S(t) = B(alpha, beta + t) / B(alpha, beta).</summary>
    public double Survival(int periods) => Math.Exp(LogSurvival(periods));

    /// <summary>
    /// What one who has stayed <paramref name="periods"/> is still worth, counting one for each further period, each discounted
    /// by <paramref name="discount"/>: the sum of S(t) / S(periods) / (1 + discount)^(t − periods − 1) over t &gt; periods.
    /// </summary>
    public double ResidualPeriods(int periods, double discount)
    {
        var (sum, stays, worth) = (0.0, 1.0, 1.0);

        // The rest is a geometric series at most.
        for (var t = periods + 1; worth * stays / discount > 1e-9; t++)
        {
            stays *= (Beta + t - 1) / (Alpha + Beta + t - 1);
            sum += worth * stays;
            worth /= 1 + discount;
        }

        return sum;
    }

    /// <summary>By maximum likelihood.</summary>
    /// <param name="cohorts">Of each cohort: members after 0, 1, 2 … periods; none grows.</param>
    public static (ShiftedBetaGeometric Model, double LogLikelihood)? Fit(IReadOnlyList<IReadOnlyList<double>> cohorts)
    {
        // One gone and one left at least: with all or none of them the likelihood has no maximum.
        if (!cohorts.Any(counts => counts[^1] < counts[0]) || cohorts.All(counts => counts.Count < 2 || counts[^1] <= 0))
        {
            return null;
        }

        return Maximum.Of(2, p => LogLikelihood(new(p[0], p[1]), cohorts)) is [var alpha, var beta]
            ? (new(alpha, beta), LogLikelihood(new(alpha, beta), cohorts))
            : null;
    }

    private static double LogLikelihood(ShiftedBetaGeometric model, IReadOnlyList<IReadOnlyList<double>> cohorts) => cohorts.Sum(counts =>
    {
        var sum = counts[^1] == 0 ? 0 : counts[^1] * model.LogSurvival(counts.Count - 1);

        for (var t = 1; t < counts.Count; t++)
        {
            // P(T = t) = B(alpha + 1, beta + t − 1) / B(alpha, beta)
            var gone = counts[t - 1] - counts[t];
            sum += gone == 0 ? 0 : gone * (LogBeta(model.Alpha + 1, model.Beta + t - 1) - LogBeta(model.Alpha, model.Beta));
        }

        return sum;
    });

    private static double LogBeta(double a, double b) => SpecialFunctions.GammaLn(a) + SpecialFunctions.GammaLn(b) - SpecialFunctions.GammaLn(a + b);

    private double LogSurvival(int periods) => LogBeta(Alpha, Beta + periods) - LogBeta(Alpha, Beta);
}
