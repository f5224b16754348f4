using Community.Testing;
using static Microsoft.Playwright.Assertions;

namespace Community.EndToEnd.Tests;

/// <summary>No mouse and no finger: reached by Tab, pressed by Enter.</summary>
[Collection(typeof(OnOneCommunity))]
public sealed class KeyboardTests(RunningCommunity community)
{
    [LongFact]
    public async Task By_keyboard_alone_one_reads_pays_asks_and_reviews()
    {
        var story = await community.Story();

        var member = await community.Enter();
        await member.Join("Member");
        await member.Go("/contents");
        await Press(member, $".card a[href='{story.Article}']");
        await member.Arrives(story.Article);
        await Press(member, "#gate a[href^='/checkout/new']");
        await member.Arrives("/checkout/new");
        await Press(member, "form:has(input[value='order']) button");
        await member.Arrives("/checkout/[0-9a-f-]{36}");
        await Press(member, "form:has(input[value='pay']) button");
        await member.Arrives("/sandbox/");
        await Press(member, "form button");
        await Press(member, "a[href*='/checkout/returned']");
        await member.Arrives("/checkout/[0-9a-f-]{36}");
        await Press(member, $"main .actions a[href^='{story.Article}']");
        await member.Arrives($"{story.Article}#gate");

        await member.Go("/topics");
        await Press(member, "main a[href='/ask']");
        await member.Arrives("/ask");
        await Type(member, "[name=title]", "Can one ask without a mouse?");
        await Type(member, "[name=body]", "By keyboard alone.");
        await Press(member, "form:has(input[value='ask']) button[type=submit]");
        await member.Arrives("/topics/[0-9a-f-]{36}/.");

        // The reviewer's keys: a approves what is open.
        await Journey.Write(story.Creator, "Approved without a mouse");
        await story.Reviewer.Go("/review");
        await Expect(story.Reviewer.Page.Locator("article h2")).ToHaveTextAsync("Approved without a mouse");
        await story.Reviewer.Page.Keyboard.PressAsync("a");
        await story.Reviewer.Arrives(@"/review\?done=review");

        Assert.All(story.Everybody.Append(member), visitor => visitor.AllWentWell());
    }

    private static async Task Press(Visitor visitor, string what)
    {
        await TabTo(visitor, what);
        await visitor.Page.Keyboard.PressAsync("Enter");
    }

    private static async Task Type(Visitor visitor, string what, string text)
    {
        await TabTo(visitor, what);
        await visitor.Page.Keyboard.TypeAsync(text);
    }

    /// <summary>What has the focus shows it, on each step of the way.</summary>
    private static async Task TabTo(Visitor visitor, string what)
    {
        await visitor.Page.Locator(what).First.WaitForAsync();

        for (var step = 0; step < 150; step++)
        {
            await visitor.Page.Keyboard.PressAsync("Tab");

            if (await visitor.Page.EvaluateAsync<bool>("what => document.activeElement?.matches(what) === true", what))
            {
                return;
            }

            Assert.True(await visitor.Page.EvaluateAsync<bool>("""
                () => {
                  const at = document.activeElement;
                  if (!at || at === document.body) return true;
                  const look = getComputedStyle(at);
                  return look.outlineStyle !== 'none' || look.boxShadow !== 'none';
                }
                """), $"What has the focus does not show it: {await visitor.Page.EvaluateAsync<string>("document.activeElement.outerHTML")}");
        }

        Assert.Fail($"{visitor.Page.Url}: the Tab key does not lead to {what}.");
    }
}
