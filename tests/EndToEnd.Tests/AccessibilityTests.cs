using Community.Testing;
using Deque.AxeCore.Playwright;

namespace Community.EndToEnd.Tests;

/// <summary>Every page as axe sees it; what it calls serious or critical is a failure.</summary>
[Collection(typeof(OnOneCommunity))]
public sealed class AccessibilityTests(RunningCommunity community)
{
    private static readonly string[] ForMembers =
    [
        "/ask", "/plans", "/me", "/me/points", "/leaderboard", "/rewards", "/me/invitations", "/me/billing", "/me/billing/gift", "/me/billing/details",
        "/me/settings/profile", "/me/settings/security", "/me/settings/mail", "/me/settings/privacy"
    ];

    private static readonly string[] ForOperators =
    [
        "/admin", "/admin/members", "/admin/applications", "/admin/plans", "/admin/coupons", "/admin/rules", "/admin/rewards", "/admin/badges", "/admin/abuse", "/admin/orders", "/admin/refunds", "/admin/settings",
        "/admin/payouts", "/admin/ledger", "/admin/reconciliation", "/admin/chargebacks", "/admin/outbox", "/admin/audit",
        "/admin/decisions", "/admin/growth", "/admin/retention", "/admin/revenue", "/admin/funnel", "/admin/content", "/admin/what-if",
        "/system?still=true"
    ];

    [LongTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task No_page_has_a_serious_fault_light_or_dark_or_on_a_phone(bool dark, bool phone)
    {
        var story = await community.Story();
        var manner = new Manner(Dark: dark, Phone: phone);
        var faults = new List<string>();

        var visitor = await community.Enter(manner);
        await Look(visitor, ["/", "/contents", story.Article, "/topics", story.Question, "/plans", "/join", "/sign-in", "/forgot-password", "/setup"]);
        await Look(await Again(story.Member), [.. ForMembers, story.Article, story.Question, story.Invoice]);
        await Look(await Again(story.Creator), ["/studio", "/studio/contents/new", "/studio/earnings"]);
        await Look(await Again(story.Reviewer), ["/review"]);
        await Look(await Again(story.Owner), [.. ForOperators, story.Order, "/admin/ledger?asOf=2100-01-01", $"/admin/members/{story.MemberId}?asOf=2100-01-01"]);

        Assert.True(faults.Count == 0, string.Join("\n", faults));

        // Where somebody wants to look: COMMUNITY_SCREENSHOTS names a folder.
        static async Task Picture(Visitor before, string page, Manner manner)
        {
            if (Environment.GetEnvironmentVariable("COMMUNITY_SCREENSHOTS") is { Length: > 0 } folder)
            {
                var name = string.Join('-', page.Split(['/', '?', '=', '&'], StringSplitOptions.RemoveEmptyEntries)) is { Length: > 0 } path ? path : "home";
                await before.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{(manner.Dark ? "dark" : manner.Phone ? "phone" : "wide")}-{name}.png") });
            }
        }

        async Task<Visitor> Again(Visitor somebody)
        {
            var again = await community.Enter(manner);
            again.Is(somebody.Name, somebody.Email);
            await again.SignIn();

            return again;
        }

        async Task Look(Visitor before, IEnumerable<string> pages)
        {
            foreach (var page in pages)
            {
                await before.Go(page);
                await Picture(before, page, manner);
                faults.AddRange(from violation in (await before.Page.RunAxe()).Violations
                                where violation.Impact is "serious" or "critical"
                                from node in violation.Nodes
                                select $"{page}: {violation.Id}: {node.Html}: {node.Any.FirstOrDefault()?.Message}");
            }

            before.AllWentWell();
        }
    }
}
