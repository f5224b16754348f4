using System.Net.Http.Json;
using Community.Membership.Accounts.SignIn;
using Community.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Community.Membership.Tests.Accounts.Sessions;

public sealed class PasswordTests
{
    private const string Better = "orange lighthouse 7";

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task A_password_changes_by_the_old_one_and_the_other_sessions_end()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var elsewhere = await community.SignIn("ann@example.org");

        await Change(ann, "wrong harbour 42", Better).Problem(403, "wrong-password");
        await Change(ann, null, Better).Problem(403, "wrong-password");
        await Change(ann, MembershipService.GoodPassword, "password1").Problem(400, "validation-failed");
        await elsewhere.GetAsync("/members/me", Ct).Ok(200);
        await Change(ann, MembershipService.GoodPassword, Better).Ok(204);

        await ann.GetAsync("/members/me", Ct).Ok(200);
        await elsewhere.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await elsewhere.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Problem(401, "wrong-credentials");
        (await community.SignIn("ann@example.org", Better)).Dispose();
        using var owner = await community.SignIn("owner@example.org");
        Assert.Contains((await owner.GetAsync("/outbox", Ct).Ok(200))["items"]!.AsArray(), mail => mail!.Id("memberId") == id && mail!.Text("kind") == "passwordChanged");
        Assert.Equal("password-changed.v1", (await ann.GetAsync($"/members/{id}/history", Ct).Ok(200))["items"]!.AsArray()[^1]!.Text("type"));
        ann.Dispose();

        static Task<HttpResponseMessage> Change(HttpClient client, string? currentPassword, string newPassword) =>
            client.PutAsJsonAsync("/members/me/password", new { currentPassword, newPassword }, Ct);
    }

    [Fact]
    public async Task A_forgotten_password_is_replaced_by_a_link_that_works_once_and_ends_all_sessions()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var anonymous = community.Host.Client();

        using var known = await anonymous.PostAsJsonAsync("/password-resets", new { email = "ANN@example.org" }, Ct);
        using var unknown = await anonymous.PostAsJsonAsync("/password-resets", new { email = "nobody@example.org" }, Ct);
        Assert.Equal((known.StatusCode, await known.Content.ReadAsStringAsync(Ct)), (unknown.StatusCode, await unknown.Content.ReadAsStringAsync(Ct)));
        Assert.Equal(202, (int)known.StatusCode);
        var first = await community.TokenOf(id, "resetPassword");
        community.Clock.Advance(TimeSpan.FromMinutes(1));
        await anonymous.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        var second = await community.TokenOf(id, "resetPassword");

        await Complete(second, "password1").Problem(400, "validation-failed");
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Complete(second, Better)));
        Assert.Equal([204, 404, 404, 404], answers.Select(answer => (int)answer.StatusCode).Order());
        await Complete(first, "quiet mountain 99").Problem(404, "link-invalid");

        await ann.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        using var again = await community.SignIn("ann@example.org", Better);
        Assert.True((await again.GetAsync("/members/me", Ct).Ok(200))["emailConfirmed"]!.GetValue<bool>());
        ann.Dispose();

        Task<HttpResponseMessage> Complete(string token, string password) => anonymous.PostAsJsonAsync("/password-resets/completion", new { token, password }, Ct);
    }

    [Fact]
    public async Task A_link_to_a_new_password_lasts_an_hour_and_nobodys_mailbox_is_filled()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        foreach (var _ in Enumerable.Range(0, 8))
            await ann.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        var token = await community.TokenOf(id, "resetPassword");
        using var owner = await community.SignIn("owner@example.org");
        Assert.Equal(5, (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().Count(mail => mail!.Text("kind") == "resetPassword"));

        community.Clock.Advance(TimeSpan.FromHours(1));
        await ann.PostAsJsonAsync("/password-resets/completion", new { token, password = Better }, Ct).Problem(404, "link-invalid");
        ann.Dispose();
    }

    [Fact]
    public async Task A_sign_in_does_the_same_work_whether_or_not_there_is_such_a_member()
    {
        var hasher = new CountingHasher();
        await using var host = await ServiceHost<Program>.Start("membership", issuer: null, configure: services => services
            .Replace(ServiceDescriptor.Singleton<IPasswordHasher<Credentials>>(hasher))
            .Replace(ServiceDescriptor.Singleton<TimeProvider>(new MovableClock(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero)))));
        using var client = host.Client();
        await client.PostAsJsonAsync("/members", new { email = "ann@example.org", password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Ok(201);
        hasher.Verified.Clear();
        var made = hasher.Made;

        await client.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = "wrong harbour 42" }, Ct).Problem(401, "wrong-credentials");
        await client.PostAsJsonAsync("/sessions", new { email = "nobody@example.org", password = "wrong harbour 42" }, Ct).Problem(401, "wrong-credentials");

        Assert.Equal(2, hasher.Verified.Count);
        Assert.Equal(Iterations(hasher.Verified[0]), Iterations(hasher.Verified[1]));
        Assert.NotEqual(hasher.Verified[0], hasher.Verified[1]);
        Assert.Equal(made, hasher.Made);
    }

    [Fact]
    public async Task Asking_for_a_new_password_writes_the_same_whether_or_not_there_is_such_a_member()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        var before = await Rows();

        await ann.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        var known = await Rows();
        await ann.PostAsJsonAsync("/password-resets", new { email = "nobody@example.org" }, Ct).Ok(202);
        var unknown = await Rows();

        Assert.Equal((1, 1), (known.Mails - before.Mails, known.Links - before.Links));
        Assert.Equal((1, 1), (unknown.Mails - known.Mails, unknown.Links - known.Links));
        ann.Dispose();

        async Task<(long Mails, long Links)> Rows()
        {
            await using var count = database.CreateCommand("select (select count(*) from mails), (select count(*) from mail_links)");
            await using var row = await count.ExecuteReaderAsync(Ct);
            await row.ReadAsync(Ct);

            return (row.GetInt64(0), row.GetInt64(1));
        }
    }

    [Fact]
    public async Task An_old_hash_is_replaced_at_the_next_sign_in()
    {
        await using var community = await MembershipService.SetUpAnother(ownHashing: true);
        var (ann, id) = await community.Join("ann");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await Weaken(database, id);

        (await community.SignIn("ann@example.org")).Dispose();
        (await community.SignIn("ann@example.org")).Dispose();

        await using var read = database.CreateCommand("select data ->> 'password' from mt_doc_credentials where id = $1");
        read.Parameters.Add(new() { Value = id });
        Assert.Equal(220_000, Iterations((string)(await read.ExecuteScalarAsync(Ct))!));
        ann.Dispose();
    }

    [Fact]
    public async Task A_sign_in_that_meets_a_change_of_the_password_waits_for_it_and_is_refused()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        (await community.SignIn("ann@example.org")).Dispose();
        await using var hold = await database.OpenConnectionAsync(Ct);
        await using var transaction = await hold.BeginTransactionAsync(Ct);
        await using var held = new NpgsqlCommand("select from sessions where member_id = $1 for update", hold) { Parameters = { new() { Value = id } } };
        await held.ExecuteNonQueryAsync(Ct);
        using var elsewhere = community.Host.Client();

        // The change stands before the session that it is to end; the old password is right when it is looked at, and is no more when another would begin.
        var change = ann.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = Better }, Ct);
        await Waiting(1, "the change of the password to wait");
        var signIn = elsewhere.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct);
        await Waiting(2, "the sign-in to wait for the change");
        await transaction.RollbackAsync(Ct);

        await change.Ok(204);
        await signIn.Problem(401, "wrong-credentials");
        Assert.Single((await ann.GetAsync("/sessions", Ct).Ok(200))["items"]!.AsArray());
        ann.Dispose();

        Task Waiting(int transactions, string what) => Eventually.Value(
            async () =>
            {
                await using var count = database.CreateCommand(
                    "select count(*)::int from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0");

                return (int)(await count.ExecuteScalarAsync(Ct))!;
            },
            waiting => waiting == transactions, what);
    }

    [Fact]
    public async Task Two_sign_ins_that_hash_a_password_anew_at_once_are_both_let_in()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        await using var database = NpgsqlDataSource.Create(community.Host.Database);

        for (var round = 0; round < 3; round++)
        {
            await Weaken(database, id);
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => community.SignIn("ann@example.org")));
            Array.ForEach(answers, client => client.Dispose());
        }

        ann.Dispose();
    }

    /// <summary>As if the password had been hashed when less work was enough.</summary>
    private static async Task Weaken(NpgsqlDataSource database, Guid id)
    {
        var old = new PasswordHasher<Credentials>(Options.Create(new PasswordHasherOptions { IterationCount = 1_000 }))
            .HashPassword(new Credentials(id, "", ""), MembershipService.GoodPassword);
        await using var weaken = database.CreateCommand("update mt_doc_credentials set data = jsonb_set(data, '{password}', to_jsonb($2::text)) where id = $1");
        weaken.Parameters.Add(new() { Value = id });
        weaken.Parameters.Add(new() { Value = old });
        Assert.Equal(1, await weaken.ExecuteNonQueryAsync(Ct));
    }

    // Of the framework's version 3: marker, function, iterations, length of the salt, each number in four bytes.
    private static int Iterations(string hash) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Convert.FromBase64String(hash).AsSpan(5));

    private sealed class CountingHasher : IPasswordHasher<Credentials>
    {
        public List<string> Verified { get; } = [];

        public int Made { get; private set; }

        public string HashPassword(Credentials user, string password)
        {
            Made++;

            return Passwords.Hasher.HashPassword(user, password);
        }

        public PasswordVerificationResult VerifyHashedPassword(Credentials user, string hashedPassword, string providedPassword)
        {
            Verified.Add(hashedPassword);

            return Passwords.Hasher.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
