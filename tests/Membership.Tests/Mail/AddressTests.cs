using System.Net.Http.Json;

namespace Community.Membership.Tests.Mail;

public sealed class AddressTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task An_address_changes_by_the_link_that_was_mailed_to_the_new_one_and_the_old_one_is_told()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        await community.Join("bob");
        using var owner = await community.SignIn("owner@example.org");

        await Ask("bob@example.org").Problem(409, "address-taken");
        await Ask("ann.new@example.org", "wrong harbour 42").Problem(403, "wrong-password");
        await Ask("not an address").Problem(400, "validation-failed");
        await ann.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        var reset = await community.TokenOf(id, "resetPassword");
        await Ask("ann.other@example.org").Ok(202);
        var other = await community.TokenOf(id, "changeAddress");
        community.Clock.Advance(TimeSpan.FromMinutes(1));
        await Ask("ann.new@example.org").Ok(202);
        var token = await community.TokenOf(id, "changeAddress");
        Assert.NotEqual(other, token);
        Assert.Contains(await Mails(), mail => mail.Text("kind") == "changeAddress" && mail.Text("to") == "ann.new@example.org");
        Assert.Equal("ann@example.org", (await ann.GetAsync("/members/me", Ct).Ok(200)).Text("email"));

        await Confirm(token).Ok(204);
        await Confirm(token).Problem(404, "link-invalid");
        await Confirm(other).Problem(404, "link-invalid");

        // What was mailed to the old address opens nothing any more.
        await ann.PostAsJsonAsync("/password-resets/completion", new { token = reset, password = "orange lighthouse 7" }, Ct).Problem(404, "link-invalid");
        var me = await ann.GetAsync("/members/me", Ct).Ok(200);
        Assert.Equal(("ann.new@example.org", true), (me.Text("email"), me["emailConfirmed"]!.GetValue<bool>()));
        (await community.SignIn("ann.new@example.org")).Dispose();
        await ann.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Problem(401, "wrong-credentials");
        Assert.Contains(await Mails(), mail => mail.Text("kind") == "addressChanged" && mail.Text("to") == "ann@example.org");
        Assert.Equal("address-changed.v1", (await ann.GetAsync($"/members/{id}/history", Ct).Ok(200))["items"]!.AsArray()[^1]!.Text("type"));
        (await community.Join("ann")).Client.Dispose(); // the old address is free

        ann.Dispose();

        async Task<IEnumerable<System.Text.Json.Nodes.JsonNode>> Mails() =>
            (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().Where(mail => mail!.Id("memberId") == id).Select(mail => mail!);

        Task<HttpResponseMessage> Ask(string email, string currentPassword = MembershipService.GoodPassword) =>
            ann.PutAsJsonAsync("/members/me/email", new { email, currentPassword }, Ct);

        Task<HttpResponseMessage> Confirm(string token) => ann.PostAsJsonAsync("/email-confirmations", new { token }, Ct);
    }

    [Fact]
    public async Task Who_has_the_address_first_keeps_it_and_a_new_password_ends_what_was_asked_before()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        await ann.PutAsJsonAsync("/members/me/email", new { email = "carl@example.org", currentPassword = MembershipService.GoodPassword }, Ct).Ok(202);
        var token = await community.TokenOf(id, "changeAddress");
        (await community.Join("carl")).Client.Dispose();
        await ann.PostAsJsonAsync("/email-confirmations", new { token }, Ct).Problem(409, "address-taken");
        Assert.Equal("ann@example.org", (await ann.GetAsync("/members/me", Ct).Ok(200)).Text("email"));

        await ann.PutAsJsonAsync("/members/me/email", new { email = "thief@example.org", currentPassword = MembershipService.GoodPassword }, Ct).Ok(202);
        var thiefs = await community.TokenOf(id, "changeAddress");
        await ann.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct).Ok(204);
        await ann.PostAsJsonAsync("/email-confirmations", new { token = thiefs }, Ct).Problem(404, "link-invalid");
        ann.Dispose();
    }
}
