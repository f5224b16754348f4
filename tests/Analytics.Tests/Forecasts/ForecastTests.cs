using Community.Analytics.Activity;
using Community.Analytics.Forecasts;

namespace Community.Analytics.Tests.Forecasts;

public sealed class ForecastTests
{
    [Fact]
    public void Growth_adds_the_same_number_and_retention_takes_the_same_share()
    {
        Assert.Equal([100, 120, 140, 160], GrowthModels.Growth(100, 20, 3));
        Assert.Equal([1000, 950, 902.5, 857.375], GrowthModels.Retention(1000, 0.05, 3).Select(n => Math.Round(n, 6)));
        Assert.Equal([7], GrowthModels.Growth(7, 1, 0));
    }

    [Fact]
    public void A_community_that_always_moved_alike_goes_on_alike()
    {
        var steady = Steady(12);
        var bands = MemberForecast.Of(steady.Active, steady.Moves, 3);

        Assert.Equal([150, 150, 150], bands.Select(band => Math.Round(band.Expected, 6)));
        Assert.All(bands, band => Assert.Equal((band.Expected, band.Expected), (Math.Round(band.Low, 6), Math.Round(band.High, 6))));
    }

    [Fact]
    public void The_band_holds_four_of_five_outcomes_of_communities_that_move_at_random()
    {
        var random = new Random(15);
        var (held, all) = (0.0, 0);

        for (var community = 0; community < 40; community++)
        {
            var active = new List<double> { 200 };
            var moves = new List<Move>();

            for (var t = 0; t < 30; t++)
            {
                moves.Add(new Move(40 + (random.NextDouble() * 40), 0.2 + (random.NextDouble() * 0.2)));
                active.Add((active[^1] * (1 - moves[^1].Loss)) + moves[^1].Gain);
            }

            var coverage = MemberForecast.BackTest(active, moves);
            held += coverage.Covered!.Value * coverage.Forecasts;
            all += coverage.Forecasts;
        }

        Assert.Equal(40 * 24, all);
        Assert.InRange(held / all, 0.74, 0.86);
    }

    [Fact]
    public void What_if_nobody_left_any_more_or_nobody_came()
    {
        var steady = Steady(8);
        Assert.Equal(300, MemberForecast.Of(steady.Active, steady.Moves, 3, move => move with { Loss = 0 })[2].Expected, 6);
        Assert.Equal(150 * Math.Pow(2.0 / 3, 3), MemberForecast.Of(steady.Active, steady.Moves, 3, move => move with { Gain = 0 })[2].Expected, 6);
    }

    [Fact]
    public void Too_little_history_gives_no_forecast()
    {
        var steady = Steady(MemberForecast.Least - 1);
        Assert.Empty(MemberForecast.Of(steady.Active, steady.Moves, 3));
        Assert.Null(MemberForecast.BackTest(steady.Active, steady.Moves).Covered);
    }

    [Fact]
    public void The_past_ends_with_the_last_full_period_also_where_nobody_is_active_any_more()
    {
        var past = Past.Of(
            Period.Month, [new(new(2024, 1, 1), 10, 0, 0, 0, true), new(new(2024, 2, 1), 2, 4, 1, 6, true)], new DateOnly(2024, 5, 1), "UTC");

        Assert.Equal([10, 7, 0, 0], past.Active);
        Assert.Equal([new Move(3, 0.6), new Move(0, 1), new Move(0, 0)], past.Moves);
        Assert.Equal(new DateOnly(2024, 5, 1), past.After(0));
    }

    // 150 active, 50 go, 50 come.
    private static (IReadOnlyList<double> Active, IReadOnlyList<Move> Moves) Steady(int moves) =>
        ([.. Enumerable.Repeat(150.0, moves + 1)], [.. Enumerable.Repeat(new Move(50, 1.0 / 3), moves)]);
}
