using System.Net.Http.Json;
using Community.Membership.Members;
using Community.Testing;

namespace Community.Membership.Tests.Setup;

public sealed class SetupTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Setup_is_gone_once_there_is_an_owner()
    {
        using var client = membership.Host.Client();

        await client.PostAsJsonAsync("/setup", MembershipService.Setup("second@example.org"), Ct).Problem(409, "already-set-up");
        Assert.False((await client.GetAsync("/setup", Ct).Ok(200))["open"]!.GetValue<bool>());
        Assert.Equal("Programmers", (await client.GetAsync("/settings", Ct).Ok(200)).Text("name"));
        Assert.Equal(["member", "owner"], Answers.Claims(membership.Owner.AccessToken).Strings("role"));
    }

    [Fact]
    public async Task Of_many_setups_at_once_one_succeeds()
    {
        await using var host = await MembershipService.StartAnother(new MovableClock(membership.Clock.GetUtcNow()));
        using var client = host.Client();
        Assert.True((await client.GetAsync("/setup", Ct).Ok(200))["open"]!.GetValue<bool>());
        Assert.Null((await client.GetAsync("/settings", Ct).Ok(200))["name"]);
        await client.PostAsJsonAsync("/setup", MembershipService.Setup("a@example.org", "guessed"), Ct).Problem(403, "forbidden");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => client.PostAsJsonAsync("/setup", MembershipService.Setup($"owner{i}@example.org"), Ct)));

        Assert.Equal([201, 409, 409, 409, 409, 409, 409, 409], answers.Select(answer => (int)answer.StatusCode).Order());
        var winner = Array.FindIndex(answers, answer => (int)answer.StatusCode == 201);
        var signIns = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            client.PostAsJsonAsync("/sessions", new { email = $"owner{i}@example.org", password = MembershipService.GoodPassword }, Ct)));
        Assert.Equal([winner], Enumerable.Range(0, 8).Where(i => signIns[i].IsSuccessStatusCode));
    }

    [Fact]
    public async Task The_owner_role_goes_from_hand_to_hand_but_never_is_lost()
    {
        await using var host = await MembershipService.StartAnother(new MovableClock(membership.Clock.GetUtcNow()));
        using var anonymous = host.Client();
        var olga = (await anonymous.PostAsJsonAsync("/setup", MembershipService.Setup("olga@example.org"), Ct).Ok(201)).Id("memberId");
        var otto = (await anonymous.PostAsJsonAsync("/members", new { email = "otto@example.org", password = MembershipService.GoodPassword, displayName = "Otto" }, Ct).Ok(201)).Id("memberId");
        using var asOlga = host.Client(await Token(anonymous, "olga@example.org"));

        await asOlga.DeleteAsync($"/members/{olga}/roles/owner", Ct).Problem(409, "last-owner");
        await asOlga.PutAsync($"/members/{otto}/roles/owner", null, Ct).Ok(204);
        using var asOtto = host.Client(await Token(anonymous, "otto@example.org"));
        await Task.WhenAll(asOlga.DeleteAsync($"/members/{otto}/roles/owner", Ct), asOtto.DeleteAsync($"/members/{olga}/roles/owner", Ct));

        var roles = await Task.WhenAll(anonymous.GetAsync($"/members/{olga}", Ct).Ok(200), anonymous.GetAsync($"/members/{otto}", Ct).Ok(200));
        Assert.Single(roles, profile => profile.Strings("roles").Contains("owner"));
    }

    [Fact]
    public async Task Who_is_erased_in_between_does_not_become_an_owner()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (otto, id) = await community.Join("otto");
        using var owner = await community.SignIn("owner@example.org");

        await AnotherReplica.IsQuicker(
            community.Host, id, [new MemberErased(community.Clock.GetUtcNow())],
            () => owner.PutAsync($"/members/{id}/roles/owner", null, Ct)).Problem(404, "not-found");

        await owner.DeleteAsync($"/members/{community.Owner}/roles/owner", Ct).Problem(409, "last-owner");
        otto.Dispose();
    }

    private static async Task<string> Token(HttpClient client, string email) =>
        (await client.PostAsJsonAsync("/sessions", new { email, password = MembershipService.GoodPassword }, Ct).Ok(200)).Text("accessToken");
}
