using Community.Testing;
using static Microsoft.Playwright.Assertions;

namespace Community.EndToEnd.Tests;

[Collection(typeof(OnOneCommunity))]
public sealed class IncentivesTests(RunningCommunity community)
{
    [LongTheory]
    [InlineData("en")]
    [InlineData("zh")]
    public async Task One_earns_sees_why_redeems_and_is_refunded_and_rules_are_tried_before_they_are_published(string language)
    {
        var owner = await community.Owner();
        var member = await community.Enter(new(language));
        var reward = $"A sticker for {language}";
        await owner.Go("/admin/rewards");
        await owner.Page.Locator("select[name='kind']").SelectOptionAsync("physical");
        await owner.Send("offer-reward", [("name", reward), ("points", "1")]);
        await owner.Arrives("/admin/rewards.*done=saved");

        // Earn, and see why.
        await member.Join("Helper");
        await member.Go("/ask");
        await member.Send("ask", [("title", $"What earns, asks {member.Name}?"), ("body", "And why?"), ("tags", "points")]);
        await member.Arrives("/topics/[0-9a-f-]{36}/.");
        await Eventually.True(async () =>
        {
            await member.Go("/me/points");

            return await member.Page.Locator("main a[href*='why=']").CountAsync() > 0;
        }, "the point for the question");
        // The other language may have published its rules before.
        var earned = await member.Page.Locator("main ul.rows strong.number").First.InnerTextAsync();
        await member.Page.Locator("main a[href*='why=']").First.ClickAsync();
        await member.Arrives("/me/points.*why=");
        await Expect(member.Page.Locator("ol.why li")).ToHaveCountAsync(3);
        await Expect(member.Page.Locator("ol.why")).ToContainTextAsync(language == "zh" ? "发起了一个话题" : "A topic was opened");

        // Redeem, and be refunded.
        await member.Go("/rewards");
        await member.Page.Locator("li", new() { HasText = reward }).Locator("a.button").ClickAsync();
        await member.Arrives("/rewards.*reward=");
        await member.Send("redeem", [("address", "1 Harbour Street")]);
        await member.Arrives("/rewards/redemptions/[0-9a-f-]{36}");
        await member.Do("cancel-redemption");
        await Expect(member.Page.Locator("main")).ToContainTextAsync(Texts.Of(language, "Redemption.cancelled"));
        await member.Go("/me/points");
        await Expect(member.Page.Locator("main ul.rows strong.number")).ToHaveTextAsync(["+1", "-1", earned]);
        await member.Go("/leaderboard?period=all");

        // A badge is awarded for what was done before it was defined.
        await owner.Go("/admin/badges");
        await owner.Page.Locator("select[name='activity']").SelectOptionAsync("topic");
        await owner.Page.Locator("select[name='to']").SelectOptionAsync("actor");
        await owner.Send("define-badge", [("name", $"Asked in {language}"), ("bronze", "1")]);
        await owner.Arrives("/admin/badges.*done=saved");
        await Eventually.True(async () =>
        {
            await member.Go("/me/points");

            return await member.Page.Locator("main ul.rows h3", new() { HasText = $"Asked in {language}" }).CountAsync() > 0;
        }, "the badge");

        // Edit, try, publish.
        await owner.Go("/admin/rules");
        var rule = owner.Page.Locator("details", new() { Has = owner.Page.Locator("input[value='topic-opened']") });
        await rule.Locator("summary").ClickAsync();
        await rule.Locator("input[name$='-points']").FillAsync(language == "zh" ? "3" : "2");
        // Checked while one types, before anything is sent.
        await rule.Locator("input[name$='-weeklyCap']").FillAsync("1");
        await Expect(rule.Locator(".field.wrong input[name$='-weeklyCap']")).ToBeVisibleAsync();
        await Expect(rule.Locator("p.fault")).ToHaveCountAsync(1);
        await rule.Locator("input[name$='-weeklyCap']").FillAsync("");
        await Expect(rule.Locator(".field.wrong")).ToHaveCountAsync(0);
        await owner.Send("rules", [], "try");
        await owner.Arrives("/admin/replays/[0-9a-f-]{36}");
        await Eventually.True(async () =>
        {
            await owner.Go(new Uri(owner.Page.Url).AbsolutePath);

            return await owner.Form("apply").CountAsync() > 0;
        }, "the replay to finish");
        await owner.Send("apply", []);
        await owner.Arrives("/admin/rules.*done=saved");

        Assert.All([owner, member], visitor => visitor.AllWentWell());
    }
}
