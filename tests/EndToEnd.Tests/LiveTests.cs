using Community.Testing;
using static Microsoft.Playwright.Assertions;

namespace Community.EndToEnd.Tests;

[Collection(typeof(OnOneCommunity))]
public sealed class LiveTests(RunningCommunity community)
{
    [LongFact]
    public async Task What_another_member_writes_appears_without_a_reload()
    {
        var story = await community.Story();
        var reader = await community.Enter();
        await reader.Go(story.Question);
        await using var open = await reader.Page.EvaluateHandleAsync("window.mark = 'the same page'");

        await story.Creator.Go(story.Question);
        await story.Creator.Send("reply", [("body", "And this came **later**.")]);
        await story.Creator.Arrives("/topics/.*done=reply");
        await Expect(reader.Page.Locator(".thread .post strong", new() { HasText = "later" })).ToBeVisibleAsync();
        Assert.Equal("the same page", await reader.Page.EvaluateAsync<string>("window.mark"));

        // The writer sees it once, however it came.
        await Expect(story.Creator.Page.Locator(".thread .post strong", new() { HasText = "later" })).ToHaveCountAsync(1);

        await story.Member.Go(story.Article);
        await story.Creator.Go(story.Article);
        await story.Creator.Send("comment", [("body", "My own last word.")]);
        await Expect(story.Member.Page.Locator("#comments .thread")).ToContainTextAsync("My own last word.");

        Assert.All(story.Everybody.Append(reader), visitor => visitor.AllWentWell());
    }
}
