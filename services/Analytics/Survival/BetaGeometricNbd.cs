using MathNet.Numerics;

namespace Community.Analytics.Survival;

/// <summary>What is known of those who bought alike.</summary>
/// <param name="Frequency">Purchases after the first.</param>
/// <param name="Recency">From the first to the last purchase.</param>
/// <param name="Age">From the first purchase until now, in the same unit.</param>
/// <param name="Count">How many they are.</param>
internal sealed record Buyers(double Frequency, double Recency, double Age, long Count = 1);

/// <summary>
/// Who buys again, where nobody says goodbye: purchases come at random, and after each some leave for good. Fader, Hardie
/// and Lee, Counting Your Customers the Easy Way, Marketing Science 24 (2005).
/// </summary>
internal sealed record BetaGeometricNbd(double R, double Alpha, double A, double B)
{
    /// <summary>The probability that who bought so is still there.</summary>
    public double Alive(Buyers c) => c.Frequency == 0
        ? 1
        : 1 / (1 + (A / (B + c.Frequency - 1) * Math.Exp((R + c.Frequency) * Math.Log((Alpha + c.Age) / (Alpha + c.Recency)))));

    /// <summary>By maximum likelihood.</summary>
    public static (BetaGeometricNbd Model, double LogLikelihood)? Fit(IReadOnlyList<Buyers> buyers)
    {
        if (!buyers.Any(c => c.Frequency > 0) || buyers.All(c => c.Age <= 0))
        {
            return null;
        }

        // In units of the oldest customer's age, so that the search starts near; alpha is in the units given.
        var unit = buyers.Max(c => c.Age) / 10;
        var scaled = buyers.Select(c => c with { Recency = c.Recency / unit, Age = c.Age / unit }).ToList();

        return Maximum.Of(4, p => LogLikelihood(new(p[0], p[1], p[2], p[3]), scaled)) is [var r, var alpha, var a, var b]
            ? (new(r, alpha * unit, a, b), LogLikelihood(new(r, alpha * unit, a, b), buyers))
            : null;
    }

    // Equation 7 of their note on computing it: ln of A1·A2·(A3 + δ A4).
    private static double LogLikelihood(BetaGeometricNbd m, IReadOnlyList<Buyers> buyers)
    {
        var (r, alpha, a, b) = m;
        var sum = 0.0;

        foreach (var (x, recency, age, count) in buyers)
        {
            var a1 = SpecialFunctions.GammaLn(r + x) - SpecialFunctions.GammaLn(r) + (r * Math.Log(alpha));
            var a2 = SpecialFunctions.GammaLn(a + b) + SpecialFunctions.GammaLn(b + x) - SpecialFunctions.GammaLn(b) - SpecialFunctions.GammaLn(a + b + x);
            var a3 = -(r + x) * Math.Log(alpha + age);
            var a4 = x == 0 ? double.NegativeInfinity : Math.Log(a) - Math.Log(b + x - 1) - ((r + x) * Math.Log(alpha + recency));
            var most = Math.Max(a3, a4);
            sum += count * (a1 + a2 + most + Math.Log(Math.Exp(a3 - most) + Math.Exp(a4 - most)));
        }

        return sum;
    }
}
