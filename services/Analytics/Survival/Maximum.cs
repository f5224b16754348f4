using MathNet.Numerics.Differentiation;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Community.Analytics.Survival;

/// <summary>The parameters under which what was seen is most likely.</summary>
internal static class Maximum
{
    // e^12: beyond it members are all alike, and the parameters say nothing any more.
    private const double Furthest = 12;

    /// <param name="logLikelihood">Of parameters that are all above zero.</param>
    /// <returns>Null: there is none within reach.</returns>
    public static double[]? Of(int parameters, Func<double[], double> logLikelihood)
    {
        // Over the logarithms, so that all stay above zero.
        double Value(double[] point) => -logLikelihood(Positive(point));
        var start = Vector<double>.Build.Dense(parameters);

        try
        {
            var near = NelderMeadSimplex.Minimum(
                ObjectiveFunction.Value(point => Value([.. point])), start, Vector<double>.Build.Dense(parameters, 0.5), 1e-8, 10_000).MinimizingPoint;

            return near.Any(x => Math.Abs(x) > Furthest) ? null : Positive(Polished(near, Value));
        }
        catch (MaximumIterationsException)
        {
            return null;
        }
    }

    // The simplex shrinks where the value hardly changes any more; the slope still tells the way.
    private static double[] Polished(Vector<double> near, Func<double[], double> value)
    {
        var (slope, curve) = (new NumericalDerivative(5, 2), new NumericalHessian(5, 2));
        var curved = ObjectiveFunction.GradientHessian(
            point => value([.. point]),
            point => Vector<double>.Build.Dense(point.Count, i => slope.EvaluatePartialDerivative(value, [.. point], i, 1)),
            point => Matrix<double>.Build.DenseOfArray(curve.Evaluate(value, [.. point])));

        try
        {
            return [.. new NewtonMinimizer(1e-5, 50).FindMinimum(curved, near).MinimizingPoint];
        }
        catch (OptimizationException)
        {
            // So near that no step is better.
            return [.. near];
        }
    }

    private static double[] Positive(double[] point) => [.. point.Select(x => Math.Exp(Math.Clamp(x, -Furthest - 1, Furthest + 1)))];
}
