using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;
using Npgsql;
using OtpNet;

namespace Community.Membership.Tests.Providers;

public sealed class ProviderTests : IAsyncLifetime
{
    private const string Back = "https://portal.example/signed-in";

    private readonly MovableClock _clock = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
    private OtherSide? _side;
    private AnotherCommunity? _community;

    private static CancellationToken Ct => MembershipService.Ct;

    private OtherSide Side => _side!;

    private AnotherCommunity Community => _community!;

    public async ValueTask InitializeAsync()
    {
        _side = await OtherSide.Start(() => _clock.GetUtcNow());
        _community = await MembershipService.SetUpAnother(clock: _clock, configuration: new Dictionary<string, string?>
        {
            ["SignIn:RedirectUris:0"] = Back,
            ["SignIn:Providers:club:Kind"] = "Oidc",
            ["SignIn:Providers:club:ClientId"] = OtherSide.ClientId,
            ["SignIn:Providers:club:ClientSecret"] = OtherSide.ClientSecret,
            ["SignIn:Providers:club:Authority"] = Side.Address,
            ["SignIn:Providers:github:Kind"] = "GitHub",
            ["SignIn:Providers:github:ClientId"] = OtherSide.ClientId,
            ["SignIn:Providers:github:ClientSecret"] = OtherSide.ClientSecret,
            ["SignIn:Providers:github:Address"] = Side.Address,
            ["SignIn:Providers:github:ApiAddress"] = $"{Side.Address}/api"
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Community.DisposeAsync();
        await Side.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_comes_by_a_provider_joins_and_comes_back_as_the_same()
    {
        using var anonymous = Community.Host.Client();
        Assert.Equal(["club", "github"], (await anonymous.GetAsync("/sign-in-providers", Ct).Ok(200))["items"]!.AsArray().Select(item => item!.Text("name")));

        foreach (var (provider, subject, name) in new[] { ("club", "subject-1", "Some Body"), ("github", "4711", "octo") })
        {
            var who = new Somebody(subject, $"{provider}@example.org");
            var first = await Come(provider, who).Ok(200);
            var second = await Come(provider, who with { Email = "moved@example.org" }).Ok(200);

            Assert.Equal(Answers.Claims(first.Text("accessToken")).Text("sub"), Answers.Claims(second.Text("accessToken")).Text("sub"));
            using var client = Community.Host.Client(second.Text("accessToken"));
            var me = await client.GetAsync("/members/me", Ct).Ok(200);
            Assert.Equal((name, $"{provider}@example.org", true), (me.Text("displayName"), me.Text("email"), me["emailConfirmed"]!.GetValue<bool>()));
            // It is the only way in, until there is a password.
            await client.DeleteAsync($"/members/me/sign-ins/{provider}", Ct).Problem(409, "last-sign-in");
            await client.PutAsJsonAsync("/members/me/password", new { newPassword = "orange lighthouse 7" }, Ct).Ok(204);
            await client.DeleteAsync($"/members/me/sign-ins/{provider}", Ct).Ok(204);
            Assert.Empty((await client.GetAsync("/members/me/sign-ins", Ct).Ok(200))["items"]!.AsArray());
        }

        await using var database = NpgsqlDataSource.Create(Community.Host.Database);
        foreach (var table in new[] { "provider_accounts", "provider_attempts", "mt_events" })
        {
            await using var search = database.CreateCommand($"select count(*) from {table} t where t::text ~ 'subject-1|4711|club@'");
            Assert.Equal(0L, await search.ExecuteScalarAsync(Ct));
        }
    }

    [Fact]
    public async Task An_account_is_linked_by_its_address_only_where_both_sides_have_verified_it()
    {
        var (ann, id) = await Community.Join("ann");
        var who = new Somebody("subject-ann", "Ann@example.org");
        await Come("club", who with { Verified = false }).Problem(409, "address-unverified");
        await Come("club", who).Problem(409, "address-taken");
        using var anonymous = Community.Host.Client();
        await anonymous.PostAsJsonAsync("/email-confirmations", new { token = await Community.TokenOf(id, "confirmAddress") }, Ct).Ok(204);
        await Come("club", who with { Verified = false }).Problem(409, "address-unverified");

        var tokens = await Come("club", who).Ok(200);

        Assert.Equal($"{id}", Answers.Claims(tokens.Text("accessToken")).Text("sub"));
        ann.Dispose();
    }

    [Fact]
    public async Task A_member_links_an_account_by_asking_for_it_and_nobody_elses()
    {
        var (ann, id) = await Community.Join("ann");
        var (bob, _) = await Community.Join("bob");
        var who = new Somebody("77", "elsewhere@example.com", Verified: false);
        var (state, code) = await Begin(ann, "github", who);

        // A link that somebody else made links nothing, and a sign-in's state links nothing either.
        await bob.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Problem(404, "sign-in-invalid");
        using var anonymous = Community.Host.Client();
        var (other, otherCode) = await Begin(anonymous, "github", who);
        await ann.PostAsJsonAsync("/members/me/sign-ins", new { state = other, code = otherCode }, Ct).Problem(404, "sign-in-invalid");
        (state, code) = await Begin(ann, "github", who);
        await ann.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Ok(204);
        await ann.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Problem(404, "sign-in-invalid");
        (state, code) = await Begin(bob, "github", who);
        await bob.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Problem(409, "account-taken");
        Assert.Equal("github", Assert.Single((await ann.GetAsync("/members/me/sign-ins", Ct).Ok(200))["items"]!.AsArray())!.Text("provider"));

        Assert.Equal($"{id}", Answers.Claims((await Come("github", who).Ok(200)).Text("accessToken")).Text("sub"));
        ann.Dispose();
        bob.Dispose();
    }

    [Theory]
    [InlineData("Olga 0wner", "somebody@example.org", "somebody")]
    [InlineData("\u202eeceila", "alice@example.org", "alice")]
    [InlineData("Administrator", "admin@example.org", null)]
    public async Task A_name_that_a_provider_sends_passes_for_nobody_of_the_staff(string name, string email, string? taken)
    {
        using var client = Community.Host.Client((await Come("club", new Somebody("subject-3", email, Name: name)).Ok(200)).Text("accessToken"));

        var displayName = (await client.GetAsync("/members/me", Ct).Ok(200)).Text("displayName");
        Assert.True(taken is null ? displayName.StartsWith("member-", StringComparison.Ordinal) : displayName == taken, displayName);
    }

    [Theory]
    [InlineData("club", "")]
    [InlineData("club", " ")]
    [InlineData("github", "0")]
    public async Task A_provider_that_names_nobody_lets_nobody_into_anybodys_account(string provider, string subject)
    {
        await Come(provider, new Somebody(subject, "first@example.org")).Problem(503, "provider-away");
        await Come(provider, new Somebody(subject, "second@example.org")).Problem(503, "provider-away");

        using var owner = await Community.SignIn("owner@example.org");
        Assert.Single((await owner.GetAsync("/members", Ct).Ok(200))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_new_password_leaves_linked_sign_ins_and_its_mail_names_them()
    {
        var (ann, id) = await Community.Join("ann");
        var (state, code) = await Begin(ann, "github", new Somebody("78", "elsewhere@example.com", Verified: false));
        await ann.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Ok(204);

        await ann.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct).Ok(204);

        using var owner = await Community.SignIn("owner@example.org");
        var mail = (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().First(item => item!.Id("memberId") == id && item!.Text("kind") == "passwordChanged")!;
        Assert.Contains("github", mail.Text("text"), StringComparison.Ordinal);
        Assert.Single((await ann.GetAsync("/members/me/sign-ins", Ct).Ok(200))["items"]!.AsArray());
        ann.Dispose();
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("audience")]
    [InlineData("issuer")]
    [InlineData("key")]
    [InlineData("expired")]
    public async Task A_token_that_is_not_good_makes_nobody_a_member(string lie)
    {
        Side.Lie = lie;

        await Come("club", new Somebody("subject-2", "liar@example.org")).Problem(503, "provider-away");

        await using var database = NpgsqlDataSource.Create(Community.Host.Database);
        await using var count = database.CreateCommand("select count(*) from mt_doc_credentials");
        Assert.Equal(1L, await count.ExecuteScalarAsync(Ct)); // the owner's
    }

    [Fact]
    public async Task What_is_not_as_it_should_be_is_refused()
    {
        using var anonymous = Community.Host.Client();
        await anonymous.PostAsJsonAsync("/sign-ins", new { provider = "nobody", redirectUri = Back }, Ct).Problem(404, "not-found");
        await anonymous.PostAsJsonAsync("/sign-ins", new { provider = "club", redirectUri = "https://thief.example/" }, Ct).Problem(400, "validation-failed");
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state = "made up", code = "x" }, Ct).Problem(404, "sign-in-invalid");
        var (state, _) = await Begin(anonymous, "club", new Somebody("3", "c@example.org"));
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code = "made up" }, Ct).Problem(404, "sign-in-invalid");
        (state, var code) = await Begin(anonymous, "github", new Somebody("3", "c@example.org"));
        _clock.Advance(TimeSpan.FromMinutes(10));
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code }, Ct).Problem(404, "sign-in-invalid");
    }

    [Fact]
    public async Task How_the_community_lets_people_in_holds_for_providers_too_and_so_does_a_second_factor()
    {
        using var owner = await Community.SignIn("owner@example.org");
        await owner.PatchAsJsonAsync("/settings", new { registration = "invitation" }, Ct).Ok(200);
        await Come("club", new Somebody("4", "d@example.org")).Problem(403, "invitation-needed");
        var invitation = (await owner.PostAsJsonAsync("/invitations", new { }, Ct).Ok(201)).Text("code");
        var tokens = await Come("club", new Somebody("4", "d@example.org"), invitation).Ok(200);
        await owner.PatchAsJsonAsync("/settings", new { registration = "approval" }, Ct).Ok(200);
        var waiting = await Come("github", new Somebody("5", "e@example.org")).Ok(202);
        await Come("github", new Somebody("5", "e@example.org")).Problem(403, "approval-pending");
        await owner.PostAsync($"/applications/{waiting.Text("memberId")}/approval", null, Ct).Ok(204);
        await Come("github", new Somebody("5", "e@example.org")).Ok(200);

        using var client = Community.Host.Client(tokens.Text("accessToken"));
        var totp = new Totp(Base32Encoding.ToBytes((await client.PostAsJsonAsync("/members/me/two-factor", new { }, Ct).Ok(200)).Text("secret")));
        await client.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = totp.ComputeTotp(_clock.GetUtcNow().UtcDateTime) }, Ct).Ok(200);
        _clock.Advance(TimeSpan.FromSeconds(30));
        using var anonymous = Community.Host.Client();
        var (state, code) = await Begin(anonymous, "club", new Somebody("4", "d@example.org"));
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code }, Ct).Problem(401, "one-time-code-required");
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code, oneTimeCode = "000000" }, Ct).Problem(401, "wrong-one-time-code");
        await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code, oneTimeCode = totp.ComputeTotp(_clock.GetUtcNow().UtcDateTime) }, Ct).Ok(200);
    }

    [Fact]
    public async Task After_an_erasure_neither_what_an_applicant_wrote_nor_the_account_elsewhere_is_left()
    {
        using var owner = await Community.SignIn("owner@example.org");
        await owner.PatchAsJsonAsync("/settings", new { registration = "approval" }, Ct).Ok(200);
        using var anonymous = Community.Host.Client();
        var id = (await anonymous.PostAsJsonAsync(
            "/members",
            new { email = "xanthippe@example.org", password = MembershipService.GoodPassword, displayName = "Xanthippe", note = "I keep bees in Oxmantown." }, Ct).Ok(202)).Id("memberId");
        Assert.Equal("I keep bees in Oxmantown.", (await owner.GetAsync("/applications", Ct).Ok(200))["items"]![0]!.Text("note"));
        await owner.PostAsync($"/applications/{id}/approval", null, Ct).Ok(204);
        using var member = await Community.SignIn("xanthippe@example.org");
        var who = new Somebody("998877665544", "xanthippe.elsewhere@example.com");
        var (state, code) = await Begin(member, "github", who);
        await member.PostAsJsonAsync("/members/me/sign-ins", new { state, code }, Ct).Ok(204);
        Assert.Equal($"{id}", Answers.Claims((await Come("github", who).Ok(200)).Text("accessToken")).Text("sub"));

        await member.PostAsync("/members/me/erasure", null, Ct).Ok(204);

        var history = (await owner.GetAsync($"/members/{id}/history", Ct).Ok(200)).ToJsonString();
        Assert.Contains("member-erased.v1", history, StringComparison.Ordinal);
        Assert.NotEmpty(await TablesWith($"{id}"));

        foreach (var trace in new[] { "Xanthippe", "Oxmantown", "998877665544" })
        {
            Assert.Empty(await TablesWith(trace));
            Assert.Empty(await TablesWith(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(trace))));
            Assert.DoesNotContain(trace, history, StringComparison.OrdinalIgnoreCase);
        }

        // Who comes by that account again is somebody else.
        Assert.NotEqual(id, (await Come("github", who).Ok(202)).Id("memberId"));
    }

    private async Task<IReadOnlyList<string>> TablesWith(string trace)
    {
        await using var database = NpgsqlDataSource.Create(Community.Host.Database);
        var (tables, found) = (new List<string>(), new List<string>());

        await using (var all = database.CreateCommand("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"))
        await using (var rows = await all.ExecuteReaderAsync(Ct))
        {
            while (await rows.ReadAsync(Ct))
            {
                tables.Add(rows.GetString(0));
            }
        }

        foreach (var table in tables)
        {
            await using var search = database.CreateCommand($"select exists (select from {table} t where t::text ilike $1)");
            search.Parameters.Add(new() { Value = $"%{trace}%" });

            if ((bool)(await search.ExecuteScalarAsync(Ct))!)
            {
                found.Add(table);
            }
        }

        return found;
    }

    private async Task<HttpResponseMessage> Come(string provider, Somebody who, string? invitationCode = null)
    {
        using var anonymous = Community.Host.Client();
        var (state, code) = await Begin(anonymous, provider, who);

        return await anonymous.PostAsJsonAsync("/sessions/by-provider", new { state, code, invitationCode }, Ct);
    }

    private async Task<(string State, string Code)> Begin(HttpClient client, string provider, Somebody who)
    {
        JsonNode begun = await client.PostAsJsonAsync("/sign-ins", new { provider, redirectUri = Back }, Ct).Ok(200);

        return (begun.Text("state"), Side.Agree(begun.Text("address"), who));
    }
}
