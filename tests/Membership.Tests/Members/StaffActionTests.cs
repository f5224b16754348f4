using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.Membership.Tests.Members;

public sealed class StaffActionTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task What_the_staff_did_is_listed_by_person_and_time_and_what_members_did_is_not()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (member, memberId) = await community.Join("member");
        var (moderator, moderatorId) = await community.Join("moderator", "moderator");
        using var owner = await community.SignIn("owner@example.org");
        await member.PatchAsJsonAsync("/members/me", new { displayName = "Plain" }, Ct).Ok(200);
        community.Clock.Advance(TimeSpan.FromSeconds(1));
        await moderator.PostAsJsonAsync($"/members/{memberId}/suspension", new { reason = "Spam." }, Ct).Ok(204);
        community.Clock.Advance(TimeSpan.FromSeconds(1));
        await moderator.DeleteAsync($"/members/{memberId}/suspension", Ct).Ok(204);

        var all = await Pages("limit=100");
        Assert.Equal(all, await Pages("limit=1"));
        Assert.Equal(
            [("suspension-ended.v1", moderatorId, memberId), ("member-suspended.v1", moderatorId, memberId), ("role-granted.v1", community.Owner, moderatorId)],
            all.Select(action => (action.Type, action.By, action.Subject)).Where(action => action.Subject == memberId || action.Subject == moderatorId).Take(3));
        Assert.DoesNotContain(all, action => action.By == memberId);
        Assert.Equal(all.Where(action => action.By == moderatorId), await Pages($"limit=1&by={moderatorId}"));
        Assert.Empty(await Pages($"by={memberId}"));
        await owner.GetAsync("/staff-actions?after=nonsense", Ct).Problem(400, "validation-failed");

        async Task<List<(string Type, Guid By, Guid Subject, string At)>> Pages(string query)
        {
            var (actions, after) = (new List<(string, Guid, Guid, string)>(), "");

            while (true)
            {
                var page = await owner.GetAsync($"/staff-actions?{query}{after}", Ct).Ok(200);
                actions.AddRange(page["items"]!.AsArray().Select(item => (item!.Text("type"), item!.Id("by"), item!.Id("subject"), item!.Text("at"))));
                if (page["next"] is null)
                    return actions;

                // Its cursor is the last row's, so that other services take it too.
                Assert.Equal(page.Text("next"), page["items"]!.AsArray()[^1]!.Text("cursor"));
                after = $"&after={page.Text("next")}";
            }
        }
    }

    [Fact]
    public async Task What_comes_from_elsewhere_was_not_done_here()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var owner = await community.SignIn("owner@example.org");
        var token = (await owner.PostAsJsonAsync("/tokens", new { name = "import", scopes = new[] { "import" } }, Ct).Ok(201)).Text("token");
        var before = (await owner.GetAsync("/staff-actions?limit=100", Ct).Ok(200))["items"]!.AsArray().Count;
        using var importer = community.Host.Client(token);
        await importer.PostAsJsonAsync("/imports/members", new { items = new JsonNode[] { new JsonObject { ["memberId"] = Guid.CreateVersion7(community.Clock.GetUtcNow()).ToString(), ["displayName"] = "Old", ["joinedAt"] = "2020-01-01T00:00:00Z" } } }, Ct).Ok(200);

        Assert.Equal(before, (await owner.GetAsync("/staff-actions?limit=100", Ct).Ok(200))["items"]!.AsArray().Count);
    }
}
