using MathNet.Numerics.Random;
using MathNet.Numerics.Statistics;

namespace Community.Analytics.Forecasts;

/// <summary>What one period did to the active members of the one before.</summary>
/// <param name="Gain">New and resurrecting members.</param>
/// <param name="Loss">The share of the active members of the period before who are dormant in this one.</param>
internal sealed record Move(double Gain, double Loss);

/// <param name="Expected">The mean of all paths.</param>
/// <param name="Low">A tenth of the paths end below it.</param>
/// <param name="High">A tenth of the paths end above it.</param>
internal sealed record Band(double Expected, double Low, double High);

/// <summary>How often such forecasts were right, made at each past period and held against what came.</summary>
/// <param name="Level">The share of outcomes that the band is made to hold.</param>
/// <param name="Covered">The share that it held; null: there is too little history.</param>
/// <param name="Forecasts">How many outcomes were looked at.</param>
internal sealed record Coverage(double Level, double? Covered, int Forecasts);

/// <summary>
/// Active members as both models in one: active(t+1) = active(t)·(1 − L) + G. Each path draws (L, G) of a past period, both
/// together, for they go together: a bootstrap of the community's own lifecycle. The band is that of the paths' middle 80%.
/// </summary>
internal static class MemberForecast
{
    public const double Level = 0.8;

    /// <summary>Fewer moves than these are no history to draw from.</summary>
    public const int Least = 6;

    /// <summary>Older moves tell of another community.</summary>
    private const int Latest = 24;

    private const int Paths = 2_000;

    /// <param name="active">Active members of past full periods, the latest last.</param>
    /// <param name="moves">From each of them but the first: what moved since the one before.</param>
    public static IReadOnlyList<Band> Of(IReadOnlyList<double> active, IReadOnlyList<Move> moves, int periods, Func<Move, Move>? changed = null)
    {
        if (moves.Count < Least || periods == 0)
        {
            return [];
        }

        var drawn = moves.TakeLast(Latest).Select(changed ?? (move => move)).ToList();
        // The same question gets the same answer.
        var random = new MersenneTwister(20_070_201);
        var ends = Enumerable.Range(0, periods).Select(_ => new double[Paths]).ToList();

        for (var path = 0; path < Paths; path++)
        {
            var n = active[^1];

            for (var t = 0; t < periods; t++)
            {
                var move = drawn[random.Next(drawn.Count)];
                ends[t][path] = n = Math.Max(0, (n * (1 - move.Loss)) + move.Gain);
            }
        }

        return [.. ends.Select(end => new Band(end.Mean(), end.Quantile((1 - Level) / 2), end.Quantile((1 + Level) / 2)))];
    }

    /// <summary>Of the forecasts one period ahead that could have been made with what was known then.</summary>
    public static Coverage BackTest(IReadOnlyList<double> active, IReadOnlyList<Move> moves)
    {
        var (held, all) = (0, 0);

        for (var known = Math.Max(Least, moves.Count - Latest); known < moves.Count; known++)
        {
            var band = Of([.. active.Take(known + 1)], [.. moves.Take(known)], 1)[0];
            held += active[known + 1] >= band.Low && active[known + 1] <= band.High ? 1 : 0;
            all++;
        }

        return new Coverage(Level, all == 0 ? null : (double)held / all, all);
    }
}
