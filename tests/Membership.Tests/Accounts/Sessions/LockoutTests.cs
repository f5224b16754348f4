using System.Net.Http.Json;

namespace Community.Membership.Tests.Accounts.Sessions;

public sealed class LockoutTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Theory]
    [InlineData("ann@example.org")]
    [InlineData("nobody@example.org")]
    public async Task Who_guesses_waits_and_longer_each_time_whether_or_not_there_is_such_a_member(string email)
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        using var anonymous = community.Host.Client();
        foreach (var _ in Enumerable.Range(0, 8))
            await Try("wrong harbour 42").Problem(401, "wrong-credentials");

        Assert.Equal(30, await Locked());
        community.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, await Locked()); // and what is tried meanwhile does not count
        community.Clock.Advance(TimeSpan.FromSeconds(1));
        await Try("wrong harbour 42").Problem(401, "wrong-credentials");
        Assert.Equal(60, await Locked());
        community.Clock.Advance(TimeSpan.FromSeconds(60));
        await Try("wrong harbour 42").Problem(401, "wrong-credentials");
        Assert.Equal(120, await Locked());

        // Others sign in from the same place meanwhile; after a day all is forgotten.
        (await community.SignIn("owner@example.org")).Dispose();
        community.Clock.Advance(TimeSpan.FromDays(2));
        await Try("wrong harbour 42").Problem(401, "wrong-credentials");
        await Try("wrong harbour 42").Problem(401, "wrong-credentials");
        ann.Dispose();

        Task<HttpResponseMessage> Try(string password) => anonymous.PostAsJsonAsync("/sessions", new { email, password }, Ct);

        async Task<double> Locked()
        {
            using var answer = await Try(MembershipService.GoodPassword); // also the right one
            await Task.FromResult(answer).Problem(429, "too-many-failures");

            return answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds;
        }
    }

    [Fact]
    public async Task Of_many_guesses_at_once_no_more_are_judged_than_one_after_another()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var anonymous = community.Host.Client();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            anonymous.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = "wrong harbour 42" }, Ct)));

        Assert.Equal((8, 12), (answers.Count(answer => (int)answer.StatusCode == 401), answers.Count(answer => (int)answer.StatusCode == 429)));
    }

    [Fact]
    public async Task Who_signs_in_begins_anew()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var anonymous = community.Host.Client();
        foreach (var _ in Enumerable.Range(0, 3))
        {
            foreach (var __ in Enumerable.Range(0, 7))
                await anonymous.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = "wrong harbour 42" }, Ct).Problem(401, "wrong-credentials");
            (await community.SignIn("owner@example.org")).Dispose();
        }
    }

    [Fact]
    public async Task Sessions_are_listed_and_ended_one_by_one_and_all_but_this_one()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        var (bob, _) = await community.Join("bob");
        using var phone = community.Host.Client();
        phone.DefaultRequestHeaders.UserAgent.ParseAdd("Phone/1.0");
        var tokens = await phone.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200);
        using var tablet = await community.SignIn("ann@example.org");
        using var asPhone = community.Host.Client(tokens.Text("accessToken"));

        var listed = (await ann.GetAsync("/sessions", Ct).Ok(200))["items"]!.AsArray();
        Assert.Equal(3, listed.Count);
        Assert.Single(listed, session => session!["current"]!.GetValue<bool>());
        var other = Assert.Single(listed, session => (string?)session!["agent"] == "Phone/1.0")!.Text("sessionId");
        await bob.DeleteAsync($"/sessions/{other}", Ct).Problem(404, "not-found");
        await asPhone.GetAsync("/members/me", Ct).Ok(200);

        await ann.DeleteAsync($"/sessions/{other}", Ct).Ok(204);
        await asPhone.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await asPhone.PostAsJsonAsync("/sessions/refresh", new { refreshToken = tokens.Text("refreshToken") }, Ct).Problem(401, "refresh-token-invalid");
        await tablet.GetAsync("/members/me", Ct).Ok(200);
        await ann.DeleteAsync("/sessions", Ct).Ok(204);
        await tablet.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        Assert.Single((await ann.GetAsync("/sessions", Ct).Ok(200))["items"]!.AsArray());
        await bob.GetAsync("/members/me", Ct).Ok(200);
        ann.Dispose();
        bob.Dispose();
    }
}
