using System.Net.Http.Json;
using System.Text;
using Community.Membership.Accounts.SignIn;
using Community.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Community.Membership.Tests;

/// <summary>Input as people and programs send it: the same word in another form is the same word, and what is none is told so.</summary>
public sealed class InputTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Theory]
    [InlineData("/sessions", """{"email":"a\ufffeb@example.org","password":"violet harbour 42"}""")]
    [InlineData("/sessions", """{"email":"a@example.org","password":"violet\ufffeharbour 42"}""")]
    [InlineData("/sessions", """{"email":"a\uffffb@example.org","password":"violet harbour 42"}""")]
    [InlineData("/sessions/return", """{"email":"a\ufffeb@example.org","password":"violet harbour 42"}""")]
    [InlineData("/password-resets", """{"email":"a\ufffeb@example.org"}""")]
    [InlineData("/members", """{"email":"a\ufffeb@example.org","password":"violet harbour 42","displayName":"Ann"}""")]
    [InlineData("/sessions", """{"email":"xn@xn--a.example","password":"violet harbour 42"}""")]
    [InlineData("/members", """{"email":"xn@xn--a.example","password":"violet harbour 42","displayName":"Ann"}""")]
    public async Task Characters_that_are_none_are_bad_input(string path, string body)
    {
        using var client = membership.Host.Client();
        using var answer = await client.PostAsync(path, Answers.Json(body), Ct);

        Assert.Contains((int)answer.StatusCode, new[] { 400, 401 });
    }

    [Theory]
    [InlineData("/imports/members", """{"items":[null]}""")]
    [InlineData("/imports/members", """{"items":[{"memberId":"0196a000-0000-7000-8000-00000000aa01","displayName":"Imported","joinedAt":"2020-01-01T00:00:00Z"},null]}""")]
    [InlineData("/erasures", """{"items":[null]}""")]
    public async Task A_null_among_the_items_makes_the_batch_bad_and_nothing_is_stored(string path, string body)
    {
        using var client = membership.Host.Client(path == "/erasures" ? membership.Owner.AccessToken : await membership.ApiToken(membership.Owner, "import", "read"));

        var problem = await client.PostAsync(path, Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.StartsWith("items", Assert.Single(problem["errors"]!.AsObject()).Key, StringComparison.Ordinal);
        await client.GetAsync("/members/0196a000-0000-7000-8000-00000000aa01", Ct).Problem(404, "not-found");
    }

    [Fact]
    public async Task What_is_wrong_with_one_item_is_told_of_it_and_the_others_are_taken()
    {
        using var client = membership.Host.Client(await membership.ApiToken(membership.Owner, "import", "read"));
        var good = Guid.CreateVersion7(membership.Clock.GetUtcNow());
        var at = "2020-01-01T00:00:00Z";

        var report = await client.PostAsJsonAsync("/imports/members", new
        {
            items = new object[]
            {
                new { memberId = Guid.Empty, displayName = "Nobody", joinedAt = at },
                new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "Inside", joinedAt = at, email = "root@localhost" },
                new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "\u2800\u200b", joinedAt = at },
                new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "a\ufffeb", joinedAt = at },
                new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "Ancient", joinedAt = "0001-01-01T00:00:00Z" },
                new { memberId = good, displayName = "Good", joinedAt = at }
            }
        }, Ct).Ok(200);

        Assert.Equal(1, report["taken"]!.GetValue<int>());
        Assert.Equal(["member-id-empty", "address-invalid", "display-name-invalid", "display-name-invalid", "joined-too-early"], report["refused"]!.AsArray().Select(refused => refused!.Text("code")));
        Assert.Equal("Good", (await client.GetAsync($"/members/{good}", Ct).Ok(200)).Text("displayName"));
    }

    [Theory]
    [InlineData("weg@münchen.example", "weg@xn--mnchen-3ya.example")]
    [InlineData("wég@xn--mnchen-3ya.example", "wég@MÜNCHEN.example")]
    [InlineData("punto@пример.example", "punto@ПРИМЕР.example")]
    [InlineData("soft\u00ad.hyphen@example.org", " soft.hyphen@example.org\u200b")]
    [InlineData("wide@example。org", "wide@example.org")]
    public async Task An_address_is_one_address_in_whatever_form(string joined, string other)
    {
        using var anonymous = membership.Host.Client();
        var member = (await anonymous.PostAsJsonAsync("/members", new { email = joined, password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Ok(201)).Id("memberId");

        await anonymous.PostAsJsonAsync("/members", new { email = other, password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Problem(409, "address-taken");
        await membership.SignIn(other, member);
        await membership.SignIn(joined, member);
    }

    [Fact]
    public async Task Who_joined_under_an_older_form_of_an_address_signs_in_still()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var anonymous = community.Host.Client();
        await anonymous.PostAsJsonAsync("/members", new { email = "alt@xn--mnchen-3ya.example", password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Ok(201);
        var master = community.Host.Services.GetRequiredService<Community.EventStore.MasterKey>();
        // As it was hashed when only case and composition were folded.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var old = database.CreateCommand("update mt_doc_credentials set data = jsonb_set(data, '{address}', to_jsonb($1::text)) where data ->> 'address' = $2");
        old.Parameters.Add(new() { Value = Convert.ToBase64String(master.Hash("address", "alt@xn--mnchen-3ya.example")) });
        old.Parameters.Add(new() { Value = community.Host.Services.GetRequiredService<Passwords>().Find("alt@münchen.example") });
        await old.ExecuteNonQueryAsync(Ct);

        (await community.SignIn("alt@xn--mnchen-3ya.example")).Dispose();
        (await community.SignIn("alt@münchen.example")).Dispose();
        await anonymous.PostAsJsonAsync("/members", new { email = "alt@münchen.example", password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Problem(409, "address-taken");
    }

    [Fact]
    public async Task A_password_is_one_password_however_its_accents_are_composed()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var anonymous = community.Host.Client();
        var (composed, decomposed) = ("crème brûlée 42".Normalize(NormalizationForm.FormC), "crème brûlée 42".Normalize(NormalizationForm.FormD));
        await anonymous.PostAsJsonAsync("/members", new { email = "ann@example.org", password = decomposed, displayName = "Ann" }, Ct).Ok(201);
        (await community.SignIn("ann@example.org", composed)).Dispose();
        (await community.SignIn("ann@example.org", decomposed)).Dispose();

        // One that was hashed before, as it was typed.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var old = database.CreateCommand("update mt_doc_credentials set data = jsonb_set(data, '{password}', to_jsonb($1::text)) where data ->> 'password' <> ''");
        old.Parameters.Add(new() { Value = Passwords.Hasher.HashPassword(new(Guid.Empty, "", ""), decomposed) });
        await old.ExecuteNonQueryAsync(Ct);
        (await community.SignIn("ann@example.org", composed)).Dispose();
        (await community.SignIn("ann@example.org", decomposed)).Dispose();
        await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = "creme brulee 42" }, Ct).Problem(401, "wrong-credentials");
    }

    [Theory]
    [InlineData("\u3164")]
    [InlineData("\u200b\u2060")]
    [InlineData("\u2800 \u2800")]
    [InlineData("\u034f\u00ad")]
    [InlineData("\u0301\u0302")]
    [InlineData("Ann \u202enwO eht")]
    [InlineData("Ann\u2066\u2069")]
    [InlineData("An\u200fn")]
    [InlineData("admin")]
    [InlineData("Ａｄｍｉｎｉｓｔｒａｔｏｒ")]
    [InlineData("аdmin")] // a Cyrillic letter
    [InlineData("M0DERAT0R")]
    [InlineData("管理员")]
    [InlineData("a\u200bd\u200bm\u200bi\u200bn")]
    [InlineData("Olga Owner")]
    [InlineData("0lga  0wner")]
    [InlineData("Оlgа Оwnеr")] // Cyrillic letters
    [InlineData("O\u0301lga Owner")]
    public async Task Names_that_nobody_sees_or_that_pass_for_staff_are_refused(string displayName)
    {
        var member = await membership.Join();
        using var ann = membership.Host.Client(member.AccessToken);
        using var anonymous = membership.Host.Client();

        foreach (var asked in new[]
        {
            anonymous.PostAsJsonAsync("/members", new { email = $"refused-{member.Id}@example.org", password = MembershipService.GoodPassword, displayName }, Ct),
            ann.PatchAsJsonAsync("/members/me", new { displayName }, Ct)
        })
        {
            var problem = await asked.Problem(400, "validation-failed");
            Assert.Equal(["displayName"], problem["errors"]!.AsObject().Select(error => error.Key));
        }
    }

    [Theory]
    [InlineData("李雷", "leilei@example.org")]
    [InlineData("Zoë Ødegård", "zoe@example.org")]
    [InlineData("Анна", "anna@example.org")]
    [InlineData("محمد", "mohammed@example.org")]
    [InlineData("👩\u200d💻 dev", "dev@example.org")]
    [InlineData("Admiral Ann", "admiral@example.org")]
    [InlineData("Olga", "olga@example.org")]
    public async Task Names_of_people_are_taken(string displayName, string email)
    {
        using var anonymous = membership.Host.Client();

        Assert.Equal(displayName, (await anonymous.PostAsJsonAsync("/members", new { email, password = MembershipService.GoodPassword, displayName }, Ct).Ok(201)).Text("displayName"));
    }

    [Fact]
    public async Task A_tier_is_one_word_in_any_case_and_with_blanks_around_it()
    {
        var ann = await membership.Join();
        using var owner = membership.Host.Client(membership.Owner.AccessToken);

        await owner.PutAsJsonAsync($"/members/{ann.Id}/tier", new { tier = " Gold " }, Ct).Ok(204);

        Assert.Equal("gold", (await owner.GetAsync($"/members/{ann.Id}", Ct).Ok(200)).Text("tier"));
        await owner.PutAsJsonAsync($"/members/{ann.Id}/tier", new { tier = "gold!" }, Ct).Problem(400, "validation-failed");
    }

    [Fact]
    public async Task Addresses_in_answers_do_not_follow_whoever_asks()
    {
        using var client = membership.Host.Client();
        client.DefaultRequestHeaders.Host = "evil.example";

        var document = await client.GetAsync("/.well-known/openid-configuration", Ct).Ok(200);

        Assert.DoesNotContain("evil", document.ToJsonString(), StringComparison.Ordinal);
        Assert.EndsWith("/.well-known/jwks.json", document.Text("jwks_uri"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_up_hashes_the_password_once()
    {
        var hasher = new CountingHasher();
        await using var host = await ServiceHost<Program>.Start("membership", issuer: null, configure: services => services.Replace(ServiceDescriptor.Singleton<IPasswordHasher<Credentials>>(hasher)));
        using var client = host.Client();
        host.Services.GetRequiredService<Passwords>(); // it hashes one for nobody
        var before = hasher.Count;

        var joined = await client.PostAsJsonAsync("/members", new { email = "ann@example.org", password = MembershipService.GoodPassword, displayName = "Ann", signIn = true }, Ct).Ok(201);
        using var ann = host.Client(joined["session"]!.Text("accessToken"));
        Assert.Equal(joined.Id("memberId"), (await ann.GetAsync("/members/me", Ct).Ok(200)).Id("memberId"));
        Assert.Equal(1, hasher.Count - before);

        await client.PostAsJsonAsync("/sessions/refresh", new { refreshToken = joined["session"]!.Text("refreshToken") }, Ct).Ok(200);
        var other = await client.PostAsJsonAsync("/members", new { email = "bob@example.org", password = MembershipService.GoodPassword, displayName = "Bob" }, Ct).Ok(201);
        Assert.False(other.AsObject().ContainsKey("session"));
        Assert.Equal(2, hasher.Count - before);
    }

    private sealed class CountingHasher : IPasswordHasher<Credentials>
    {
        private int _count;

        public int Count => _count;

        public string HashPassword(Credentials user, string password)
        {
            Interlocked.Increment(ref _count);

            return Passwords.Hasher.HashPassword(user, password);
        }

        public PasswordVerificationResult VerifyHashedPassword(Credentials user, string hashedPassword, string providedPassword)
        {
            Interlocked.Increment(ref _count);

            return Passwords.Hasher.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
