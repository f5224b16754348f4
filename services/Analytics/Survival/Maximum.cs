using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Community.Analytics.Survival;

/// <summary>The parameters under which what was seen is most likely.</summary>
internal static class Maximum
{
    /// <param name="logLikelihood">Of parameters that are all above zero.</param>
    /// <returns>Null: there is none within reach.</returns>
    public static double[]? Of(int parameters, Func<double[], double> logLikelihood)
    {
        // Over the logarithms, so that all stay above zero.
        var objective = ObjectiveFunction.Value(point => -logLikelihood(Positive(point)));
        var point = Vector<double>.Build.Dense(parameters);

        try
        {
            // A simplex may shrink before it has arrived: the next one starts where the last one ended, until that is the same place.
            for (var (round, moved) = (0, double.MaxValue); round < Rounds && moved > 1e-6; round++)
            {
                var next = NelderMeadSimplex.Minimum(objective, point, Vector<double>.Build.Dense(parameters, round == 0 ? 0.5 : 0.05), 1e-10, 10_000).MinimizingPoint;
                (point, moved) = (next, (next - point).InfinityNorm());
            }
        }
        catch (MaximumIterationsException)
        {
            return null;
        }

        return point.Any(x => Math.Abs(x) > Furthest) ? null : Positive(point);
    }

    private const int Rounds = 20;

    // e^12: beyond it members are all alike, and the parameters say nothing any more.
    private const double Furthest = 12;

    private static double[] Positive(Vector<double> point) => [.. point.Select(x => Math.Exp(Math.Clamp(x, -Furthest - 1, Furthest + 1)))];
}
