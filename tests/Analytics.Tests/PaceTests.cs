namespace Community.Analytics.Tests;

public sealed class PaceTests
{
    [Theory]
    [InlineData(0.1, 2)]
    [InlineData(5, 60)]
    [InlineData(60, 240)]
    public void What_took_long_rests_long_but_no_more_than_is_needed(double took, double rest) =>
        Assert.Equal(TimeSpan.FromSeconds(rest), Pace.RestAfter(TimeSpan.FromSeconds(took)));
}
