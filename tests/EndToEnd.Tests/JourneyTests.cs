using Community.Testing;

namespace Community.EndToEnd.Tests;

[Collection(typeof(OnOneCommunity))]
public sealed class JourneyTests(RunningCommunity community)
{
    [Fact]
    public async Task From_an_empty_data_directory_to_figures_by_browser_alone()
    {
        var story = await community.Story();

        Assert.All(story.Everybody, visitor => visitor.AllWentWell());
    }

    [LongTheory]
    [InlineData("en", true)]
    [InlineData("zh", false)]
    [InlineData("zh", true)]
    public async Task So_it_goes_in_both_languages_wide_and_on_a_phone(string language, bool phone) =>
        await Told(new(language, phone));

    [LongFact]
    public async Task Without_script_one_reads_joins_pays_asks_and_reviews_all_the_same() => await Told(new(Script: false));

    private async Task Told(Manner manner)
    {
        var story = await Journey.Tell(community, manner);

        Assert.All(story.Everybody, visitor => visitor.AllWentWell());
    }
}
