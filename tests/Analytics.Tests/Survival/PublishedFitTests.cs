using System.Globalization;
using System.IO.Compression;
using Community.Analytics.Survival;
using Community.Analytics.Tests.Activity;

namespace Community.Analytics.Tests.Survival;

/// <summary>The figures that the models' authors have published.</summary>
public sealed class PublishedFitTests
{
    // Fader and Hardie (2007), table 1: Regular customers, per cent still there after years 0 to 12.
    private static readonly double[] Regular = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3];

    [Fact]
    public void Regular_customers_stay_as_Fader_and_Hardie_fitted_and_as_they_did_in_the_years_held_out()
    {
        var (model, _) = ShiftedBetaGeometric.Fit([Regular[..8]])!.Value;

        Assert.Equal((0.704, 1.182), (Math.Round(model.Alpha, 3), Math.Round(model.Beta, 3)));
        // A straight line through years 1 to 7 has nobody left in year 12; this is right to a point and a half in each.
        Assert.All(Enumerable.Range(8, 5), year => Assert.InRange(100 * model.Survival(year), Regular[year] - 1.5, Regular[year] + 1.5));
    }

    [Fact]
    public void The_cohort_of_a_thousand_stays_as_published()
    {
        var (model, logLikelihood) = ShiftedBetaGeometric.Fit([[1000, 631, 468, 382, 326]])!.Value;

        Assert.Equal((0.764, 1.296), (Math.Round(model.Alpha, 3), Math.Round(model.Beta, 3)));
        Assert.Equal(-1401.6, logLikelihood, 1);
    }

    /// <summary>A worst year of leaving comes first: who has stayed long is worth more than who has just come.</summary>
    [Fact]
    public void Who_has_stayed_longer_is_worth_more_and_all_of_them_less_than_for_ever()
    {
        var model = new ShiftedBetaGeometric(0.764, 1.296);
        var worth = Enumerable.Range(0, 10).Select(year => model.ResidualPeriods(year, 0.1)).ToList();

        Assert.Equal(worth.Order(), worth);
        Assert.All(worth, periods => Assert.InRange(periods, 1, 1.1 / 0.1));
        // The same sum, the long way.
        var sum = Enumerable.Range(1, 2_000).Sum(t => model.Survival(t) / Math.Pow(1.1, t - 1));
        Assert.Equal(sum, worth[0], 6);
    }

    [Theory]
    [InlineData(new[] { 100.0, 100, 100 })]
    [InlineData(new[] { 100.0, 0 })]
    [InlineData(new[] { 100.0 })]
    public void Where_nobody_or_everybody_leaves_there_is_no_fit(double[] counts) => Assert.Null(ShiftedBetaGeometric.Fit([counts]));

    [Fact]
    public void The_CDNOW_sample_buys_again_as_Fader_Hardie_and_Lee_fitted()
    {
        var data = FigureTests.Data("cdnow");
        Assert.SkipWhen(data is null, "shared/data/cdnow is in no directory above this one.");
        using var text = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(data, "cdnow_customers.csv.gz")), CompressionMode.Decompress));
        var rows = text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(row => row.Split(',')).ToList();
        Assert.Equal(2_357, rows.Count);
        var (model, logLikelihood) = BetaGeometricNbd.Fit([.. rows.Select(row => new Buyers(Number(row[1]), Number(row[2]), Number(row[3])))])!.Value;

        Assert.Equal((0.243, 4.414, 0.793, 2.426), (Math.Round(model.R, 3), Math.Round(model.Alpha, 3), Math.Round(model.A, 3), Math.Round(model.B, 3)));
        Assert.Equal(-9582.4, logLikelihood, 1);
        // Who bought often and then no more is gone; who bought once has not been seen to go.
        Assert.True(model.Alive(new Buyers(20, 10, 39)) < 0.01);
        Assert.True(model.Alive(new Buyers(20, 38, 39)) > 0.9);

        static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
    }
}
