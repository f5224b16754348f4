using Community.Testing;
using static Microsoft.Playwright.Assertions;

namespace Community.EndToEnd.Tests;

/// <summary>What the great journey leaves: its people, and where they were.</summary>
internal sealed record Story(Visitor Owner, Visitor Creator, Visitor Reviewer, Visitor Member)
{
    /// <summary>Path of the article that was bought.</summary>
    public required string Article { get; init; }

    public required string Title { get; init; }

    public required string Question { get; init; }

    public required string Invoice { get; init; }

    public required string Order { get; init; }

    public required string MemberId { get; init; }

    public IEnumerable<Visitor> Everybody => [Owner, Creator, Reviewer, Member];
}

/// <summary>From nothing to a community that earns, by browser alone.</summary>
internal static class Journey
{
    private const string Beginning = "Everybody may read how it begins.";
    private const string Rest = "Only who has paid reads how it ends.";
    private const string Remark = "This was worth it.";

    /// <summary>The setup wizard with its first plan, from the link that the AppHost prints.</summary>
    public static async Task<Visitor> SetUp(RunningCommunity community, string token)
    {
        var owner = await community.Enter();
        var (name, email) = RunningCommunity.Somebody("Owner");
        owner.Is(name, email);

        await owner.Go($"/setup?token={token}");
        await owner.Send("setup-owner",
            [("communityName", "Programmers"), ("displayName", name), ("email", email), ("password", RunningCommunity.Password)]);
        await owner.Arrives(@"/setup\?step=place");
        await owner.Send("setup-place", []);
        await owner.Arrives(@"/setup\?step=mail");
        await owner.Send("setup-mail", []);
        await owner.Arrives(@"/setup\?step=mail&sent=true");
        await Expect(owner.Page.Locator("main a[href='/admin/outbox']")).ToBeVisibleAsync(); // no mail server: the mail waits there
        await owner.Page.Locator("main a[href='/setup?step=plan']").ClickAsync();
        await owner.Arrives(@"/setup\?step=plan");
        await owner.Send("setup-plan", [("name", "Patron of the house"), ("price", "29.00")]);
        await owner.Arrives(@"/setup\?step=done");
        await Expect(owner.Page.Locator("main a[href='/admin']").First).ToBeVisibleAsync();

        return owner;
    }

    /// <summary>Creator, reviewer and member join; an article is written, reviewed and sold; a question is asked and answered.</summary>
    public static async Task<Story> Tell(RunningCommunity community, Manner manner)
    {
        var owner = await community.Owner();
        var (creator, reviewer, member) = (await community.Enter(manner), await community.Enter(manner), await community.Enter(manner));
        await creator.Join("Creator");
        await reviewer.Join("Reviewer");
        await member.Join("Member");
        await Give(owner, creator, "creator");
        await Give(owner, reviewer, "reviewer");

        var title = $"How facts travel, told for {member.Name}";
        var work = await Write(creator, title);
        await Review(reviewer, title);
        await creator.Go(work);
        await creator.Do("publish");

        var article = await Buy(member, title);
        await member.Send("comment", [("body", Remark)]);
        await member.Arrives(@"/contents/.*done=comment");
        await Expect(member.Page.Locator("#comments .thread")).ToContainTextAsync(Remark);

        var question = await Ask(member, creator);
        var invoice = await HasPointsAndInvoice(member);
        var order = await ShowsOnAdmin(owner, member);
        var memberId = (await owner.Page.Locator("main .person").First.GetAttributeAsync("href"))!.Split('/')[^1];
        await Subscribe(member, owner);

        return new(owner, creator, reviewer, member) { Article = article, Title = title, Question = question, Invoice = invoice, Order = order, MemberId = memberId };
    }

    private static async Task Give(Visitor owner, Visitor to, string role)
    {
        await owner.Follow("/admin/members", "main table a", to.Name);
        await owner.Arrives("/admin/members/[0-9a-f-]+");
        await owner.Do("give-role", role);
        await to.SignInAgain();
    }

    /// <returns>Where the creator works on it.</returns>
    public static async Task<string> Write(Visitor creator, string title)
    {
        await creator.Go("/studio");
        await creator.Page.Locator("main a.button[href='/studio/contents/new']").First.ClickAsync();
        await creator.Arrives("/studio/contents/new");
        await creator.Send("piece",
            [("title", title), ("body", $"{Beginning}\n\n```csharp\nvar answer = 42;\n```\n\n{Rest}"), ("topic", "events"), ("tags", "marten, events"), ("price", "9.90")], "save");
        await creator.Arrives(@"/studio/contents/[0-9a-f-]{36}\?done=saved");
        var work = new Uri(creator.Page.Url).AbsolutePath;
        await creator.Send("piece", [], "submit");
        await creator.Arrives(@"/studio/contents/[0-9a-f-]{36}\?done=submit");

        return work;
    }

    private static async Task Review(Visitor reviewer, string title)
    {
        await reviewer.Follow("/review", "main ol a", title);
        await Expect(reviewer.Page.Locator("article h2")).ToHaveTextAsync(title);
        await reviewer.Send("review", [("notes", "Clear, and complete.")], "approved");
        await reviewer.Arrives(@"/review\?done=review");
    }

    /// <returns>Path of the article, to whose paragraph the buyer came back.</returns>
    private static async Task<string> Buy(Visitor member, string title)
    {
        await member.Follow("/contents", ".card a", title);
        await member.Arrives("/contents/[0-9a-f-]{36}/.");
        var article = new Uri(member.Page.Url).AbsolutePath;
        await Expect(member.See(Beginning)).ToBeVisibleAsync();
        await Expect(member.Page.GetByText(Rest)).ToHaveCountAsync(0);

        // Payments hears of the article a moment after its publication.
        await Eventually.True(async () =>
        {
            await member.Go(article);

            return await member.Page.Locator("#gate a[href^='/checkout/new']").CountAsync() > 0;
        }, "the article to be for sale");
        await member.Page.Locator("#gate a[href^='/checkout/new']").ClickAsync();
        await member.Arrives("/checkout/new");
        await member.Send("order", []);
        await member.Arrives("/checkout/[0-9a-f-]{36}");
        await Pay(member);
        await member.Page.Locator($"main .actions a[href^='{article}']").ClickAsync();
        await member.Arrives($"{article}#gate");

        await Eventually.True(async () =>
        {
            await member.Go(article);

            return await member.Page.GetByText(Rest).CountAsync() > 0;
        }, "the rest of the article");

        return article;
    }

    /// <summary>What the plan earns is recurring revenue.</summary>
    private static async Task Subscribe(Visitor member, Visitor owner)
    {
        await member.Go("/plans");
        await member.Page.Locator("a[href^='/checkout/new']").First.ClickAsync();
        await member.Arrives("/checkout/new");
        await member.Send("order", []);
        await member.Arrives("/checkout/[0-9a-f-]{36}");
        await Pay(member);
        await Eventually.True(async () =>
        {
            await owner.Go("/admin/revenue");

            return (await owner.Page.Locator("main").InnerTextAsync()).Contains("29.00", StringComparison.Ordinal);
        }, "the recurring revenue");
    }

    /// <summary>At the sandbox, and back to the order.</summary>
    private static async Task Pay(Visitor member)
    {
        await member.Send("pay", []);
        await member.Arrives("/sandbox/");
        await member.Page.Locator("form button").First.ClickAsync();
        await member.Page.Locator("a[href*='/checkout/returned']").ClickAsync();
        await member.Arrives("/checkout/[0-9a-f-]{36}");
    }

    /// <returns>Path of the question, which has an accepted answer.</returns>
    private static async Task<string> Ask(Visitor member, Visitor creator)
    {
        await member.Go("/ask");
        await member.Send("ask", [("title", $"Where do facts go, asks {member.Name}?"), ("body", "And who hears of them?"), ("tags", "events")]);
        await member.Arrives("/topics/[0-9a-f-]{36}/.");
        var question = new Uri(member.Page.Url).AbsolutePath;
        await creator.Go(question);
        await creator.Send("reply", [("body", "To whoever subscribes.")]);
        await creator.Arrives(@"/topics/.*done=reply");
        await member.Go(question);
        await member.Do("accept");

        return question;
    }

    /// <returns>Path of the invoice.</returns>
    private static async Task<string> HasPointsAndInvoice(Visitor member)
    {
        await Eventually.True(async () =>
        {
            await member.Go("/me/points");

            return await member.Page.Locator("main ul.rows strong.number").CountAsync() >= 2;
        }, "points of the order and the comment");
        await Eventually.True(async () =>
        {
            await member.Go("/me/billing");

            return await member.Page.Locator("main a[href^='/me/billing/invoices/']").CountAsync() > 0;
        }, "the invoice");
        await member.Page.Locator("main a[href^='/me/billing/invoices/']").First.ClickAsync();
        await member.Arrives("/me/billing/invoices/[0-9a-f-]{36}");
        await Expect(member.Page.Locator("main")).ToContainTextAsync("9.90");

        return new Uri(member.Page.Url).AbsolutePath;
    }

    /// <returns>Path of the order.</returns>
    private static async Task<string> ShowsOnAdmin(Visitor owner, Visitor member)
    {
        await Eventually.True(async () =>
        {
            await owner.Go("/admin");

            return await owner.Page.Locator("#activity ~ svg.chart").CountAsync() > 0;
        }, "figures of activity");
        await owner.Go("/admin/orders");
        await owner.Page.Locator("main tr", new() { HasText = member.Name }).Locator("th a").ClickAsync();
        await owner.Arrives("/admin/orders/[0-9a-f-]{36}");
        await Expect(owner.Page.Locator("main .sum").First).ToContainTextAsync("9.90");

        return new Uri(owner.Page.Url).AbsolutePath;
    }
}
