using System.Net.Http.Json;

namespace Community.Membership.Tests.Mail;

/// <summary>A link to a new password is an account: it is shown to somebody who has just proved who they are, and to no program.</summary>
public sealed class OutboxAccessTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task No_api_token_and_no_old_session_reads_a_link()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (_, id) = await community.Join("ann");
        using var owner = await community.SignIn("owner@example.org");
        using var anonymous = community.Host.Client();
        await anonymous.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        using var program = community.Host.Client((await owner.PostAsJsonAsync("/tokens", new { name = "program", scopes = new[] { "read", "write" } }, Ct).Ok(201)).Text("token"));

        Assert.Contains("token=", (await MailMessage(owner)).Text("text"), StringComparison.Ordinal);
        var asProgram = await MailMessage(program);
        Assert.Equal((null, null, null), ((string?)asProgram["text"], (string?)asProgram["subject"], (string?)asProgram["to"]));
        Assert.Equal(("waiting", true), (asProgram.Text("state"), asProgram["freshSignInNeeded"]!.GetValue<bool>()));

        community.Clock.Advance(TimeSpan.FromMinutes(11));
        var later = await MailMessage(owner);
        Assert.Equal((null, true), ((string?)later["text"], later["freshSignInNeeded"]!.GetValue<bool>()));

        // A session that is only continued is as old as its sign-in.
        var session = await anonymous.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200);
        community.Clock.Advance(TimeSpan.FromMinutes(11));
        using var continued = community.Host.Client(
            (await anonymous.PostAsJsonAsync("/sessions/refresh", new { refreshToken = session.Text("refreshToken") }, Ct).Ok(200)).Text("accessToken"));
        Assert.True((await MailMessage(continued))["freshSignInNeeded"]!.GetValue<bool>());

        using var again = await community.SignIn("owner@example.org");
        var fresh = await MailMessage(again);
        Assert.Contains("token=", fresh.Text("text"), StringComparison.Ordinal);
        Assert.False(fresh["freshSignInNeeded"]!.GetValue<bool>());

        async Task<System.Text.Json.Nodes.JsonNode> MailMessage(HttpClient client) => (await client.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray()
            .First(mail => mail!.Id("memberId") == id && mail!.Text("kind") == "resetPassword")!;
    }
}
