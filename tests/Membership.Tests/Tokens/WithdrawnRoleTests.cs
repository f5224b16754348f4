using System.Net.Http.Json;
using Community.Testing;
using Npgsql;

namespace Community.Membership.Tests.Tokens;

/// <summary>A token tells the roles of the instant that it was written; what it may is decided by the roles of now.</summary>
public sealed class WithdrawnRoleTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Who_was_an_owner_makes_no_owners_with_the_token_of_before()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (_, id) = await community.Join("bea");
        var (_, accomplice) = await community.Join("carl");
        using var owner = await community.SignIn("owner@example.org");
        await owner.PutAsync($"/members/{id}/roles/owner", null, Ct).Ok(204);
        using var bea = await community.SignIn("bea@example.org");
        await bea.PutAsync($"/members/{accomplice}/roles/creator", null, Ct).Ok(204);
        using var program = community.Host.Client((await bea.PostAsJsonAsync("/tokens", new { name = "program", scopes = new[] { "read", "write" } }, Ct).Ok(201)).Text("token"));

        await owner.DeleteAsync($"/members/{id}/roles/owner", Ct).Ok(204);

        await bea.PutAsync($"/members/{accomplice}/roles/owner", null, Ct).Problem(403, "forbidden");
        await bea.PutAsync($"/members/{accomplice}/roles/operator", null, Ct).Problem(403, "forbidden");
        await bea.GetAsync("/members", Ct).Problem(403, "forbidden");
        await program.PutAsync($"/members/{accomplice}/roles/owner", null, Ct).Problem(401, "unauthenticated");
        await bea.GetAsync("/members/me", Ct).Ok(200); // who she is does not end with what she was
        Assert.DoesNotContain("owner", (await owner.GetAsync($"/members/{accomplice}", Ct).Ok(200)).Strings("roles"));
    }

    [Fact]
    public async Task Who_was_an_operator_grants_nothing_also_not_to_oneself()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (_, id) = await community.Join("olaf", "operator");
        using var olaf = await community.SignIn("olaf@example.org");
        using var owner = await community.SignIn("owner@example.org");
        await olaf.GetAsync("/outbox", Ct).Ok(200);

        await owner.DeleteAsync($"/members/{id}/roles/operator", Ct).Ok(204);

        await olaf.PutAsync($"/members/{id}/roles/moderator", null, Ct).Problem(403, "forbidden");
        await olaf.GetAsync("/outbox", Ct).Problem(403, "forbidden");
        Assert.Equal(["member"], (await olaf.GetAsync("/members/me", Ct).Ok(200)).Strings("roles"));
    }

    [Fact]
    public async Task Every_other_service_hears_of_it_and_counts_the_role_no_more()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var elsewhere = await AnotherService.Start(community);
        var (_, id) = await community.Join("olaf", "operator");
        using var client = await community.SignIn("olaf@example.org");
        var token = client.DefaultRequestHeaders.Authorization!.Parameter!;
        using var owner = await community.SignIn("owner@example.org");
        await Eventually.True(async () => await elsewhere.Ask(token, "/operators") == 200, "the operator to be let in");

        await owner.DeleteAsync($"/members/{id}/roles/operator", Ct).Ok(204);
        await Eventually.True(async () => await elsewhere.Tick() && await elsewhere.Ask(token, "/operators") == 403, "the role to count no more there");
        Assert.Equal(200, await elsewhere.Ask(token));

        await owner.PutAsync($"/members/{id}/roles/operator", null, Ct).Ok(204);
        await Eventually.True(async () => await elsewhere.Tick() && await elsewhere.Ask(token, "/operators") == 200, "the role to count again");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_password_ends_the_api_tokens_too_and_its_mail_names_them(bool byLink)
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var program = community.Host.Client((await ann.PostAsJsonAsync("/tokens", new { name = "backup robot", scopes = new[] { "read" } }, Ct).Ok(201)).Text("token"));
        await program.GetAsync("/members/me", Ct).Ok(200);
        if (byLink)
        {
            await ann.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
            await ann.PostAsJsonAsync("/password-resets/completion", new { token = await community.TokenOf(id, "resetPassword"), password = "orange lighthouse 7" }, Ct).Ok(204);
        }
        else
        {
            await ann.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct).Ok(204);
        }

        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        using var owner = await community.SignIn("owner@example.org");
        var mail = (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().First(item => item!.Text("kind") == "passwordChanged")!;
        Assert.Contains("backup robot", mail.Text("text"), StringComparison.Ordinal);
        ann.Dispose();
    }

    [Fact]
    public async Task A_token_that_is_made_while_the_password_changes_ends_with_it()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var elsewhere = await community.SignIn("ann@example.org");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var hold = await database.OpenConnectionAsync(Ct);
        await using var transaction = await hold.BeginTransactionAsync(Ct);
        await using var held = new NpgsqlCommand("select from sessions where member_id = $1 for update", hold) { Parameters = { new() { Value = id } } };
        await held.ExecuteNonQueryAsync(Ct);

        // The change has looked for tokens, and waits for the session that it is to end.
        var change = NewPassword(ann);
        await SomebodyWaits(database);
        using var program = community.Host.Client((await NewToken(elsewhere).Ok(201)).Text("token"));
        await program.GetAsync("/members/me", Ct).Ok(200);
        await transaction.RollbackAsync(Ct);

        await change.Ok(204);
        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        ann.Dispose();
    }

    [Fact]
    public async Task A_token_whose_session_ends_while_it_is_made_is_none()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        using var elsewhere = await community.SignIn("ann@example.org");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var hold = await database.OpenConnectionAsync(Ct);
        await using var transaction = await hold.BeginTransactionAsync(Ct);
        await using var held = new NpgsqlCommand("lock table mt_doc_tokenrow in share mode", hold);
        await held.ExecuteNonQueryAsync(Ct);

        // The change finds no token: the one that is being made is not committed.
        var token = NewToken(elsewhere);
        await SomebodyWaits(database);
        await NewPassword(ann).Ok(204);
        await transaction.RollbackAsync(Ct);

        await token.Problem(401, "unauthenticated");
        Assert.Empty((await ann.GetAsync("/tokens", Ct).Ok(200))["items"]!.AsArray());
        ann.Dispose();
    }

    private static Task<HttpResponseMessage> NewToken(HttpClient client) =>
        client.PostAsJsonAsync("/tokens", new { name = "beside", scopes = new[] { "read" } }, Ct);

    private static Task<HttpResponseMessage> NewPassword(HttpClient client) => client.PutAsJsonAsync(
        "/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct);

    private static Task SomebodyWaits(NpgsqlDataSource database) => Eventually.True(
        async () =>
        {
            await using var waiting = database.CreateCommand(
                "select exists (select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0)");

            return await waiting.ExecuteScalarAsync(Ct) is true;
        }, "somebody to wait");
}
