using System.Collections.Concurrent;
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

    [LongFact]
    public async Task Behind_another_tab_a_page_asks_nothing_and_catches_up_when_it_is_looked_at()
    {
        var story = await community.Story();
        var (reader, behind) = (await community.Enter(), await community.Enter());
        await reader.Go(story.Question);
        await behind.Go(story.Question);
        await behind.Hide(hidden: true);
        var asked = new ConcurrentQueue<string>();
        behind.Page.Request += (_, request) => asked.Enqueue(request.Url);

        await story.Creator.Go(story.Question);
        await story.Creator.Send("reply", [("body", "Heard by **those who look**.")]);
        await Expect(reader.See("those who look")).ToBeVisibleAsync();
        Assert.Empty(asked);

        await behind.Hide(hidden: false);
        await Expect(behind.See("those who look")).ToBeVisibleAsync();

        // A page that looks again by itself, in the browser's own time.
        var staff = await community.Enter();
        staff.Is(story.Owner.Name, story.Owner.Email);
        await staff.SignIn();
        await staff.Page.Clock.InstallAsync();
        await staff.Go("/system");
        await Expect(staff.Page.Locator("meta[http-equiv=refresh]")).ToHaveCountAsync(0);
        await staff.Hide(hidden: true);
        asked.Clear();
        staff.Page.Request += (_, request) => asked.Enqueue(request.Url);
        await staff.Page.Clock.FastForwardAsync(600_000);
        Assert.Empty(asked);

        await staff.Hide(hidden: false);
        await staff.Page.RunAndWaitForRequestAsync(() => staff.Page.Clock.FastForwardAsync(6_000), request => request.Url.EndsWith("/system", StringComparison.Ordinal));
        Assert.All([.. story.Everybody, reader, behind, staff], visitor => visitor.AllWentWell());
    }
}
