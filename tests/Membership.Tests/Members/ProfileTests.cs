using System.Globalization;
using System.Net.Http.Json;
using Community.Testing;
using Npgsql;

namespace Community.Membership.Tests.Members;

public sealed class ProfileTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Who_joins_is_a_member_at_once()
    {
        using var client = membership.Host.Client();
        using var answer = await client.PostAsJsonAsync("/members", new { email = "Zoë@Example.org", password = MembershipService.GoodPassword, displayName = " Zoë 王 " }, Ct);
        var created = await Task.FromResult(answer).Ok(201);
        var profile = await client.GetAsync(answer.Headers.Location, Ct).Ok(200);

        Assert.Equal("Zoë 王", profile.Text("displayName"));
        Assert.Equal(created.Text("memberId"), profile.Text("memberId"));
        Assert.Equal(["member"], profile.Strings("roles"));
        Assert.Equal("active", profile.Text("status"));
        Assert.EndsWith("Z", profile.Text("joinedAt"), StringComparison.Ordinal);
        Assert.Equal("Zoë@Example.org", created.Text("email"));
        Assert.False(profile.AsObject().ContainsKey("email"));
    }

    [Theory]
    [InlineData("TAKEN@EXAMPLE.ORG")]
    [InlineData("taken@example.org")]
    [InlineData("Taken@Example.Org")]
    public async Task An_address_is_taken_in_any_case_of_letters(string email)
    {
        using var client = membership.Host.Client();
        await client.PostAsJsonAsync("/members", new { email = "tAkEn@example.org", password = MembershipService.GoodPassword, displayName = "First" }, Ct);

        await client.PostAsJsonAsync("/members", new { email, password = MembershipService.GoodPassword, displayName = "Second" }, Ct).Problem(409, "address-taken");
    }

    [Fact]
    public async Task Of_many_registrations_of_one_address_at_once_one_succeeds()
    {
        using var client = membership.Host.Client();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            client.PostAsJsonAsync("/members", new { email = "race@example.org", password = MembershipService.GoodPassword, displayName = $"Racer {i}" }, Ct)));

        Assert.Equal([201, 409, 409, 409, 409, 409], answers.Select(answer => (int)answer.StatusCode).Order());
    }

    [Fact]
    public async Task The_same_key_registers_once()
    {
        using var client = membership.Host.Client();
        client.DefaultRequestHeaders.Add("Idempotency-Key", "register-once");
        var body = new { email = "once@example.org", password = MembershipService.GoodPassword, displayName = "Once" };

        var first = await client.PostAsJsonAsync("/members", body, Ct).Ok(201);
        var second = await client.PostAsJsonAsync("/members", body, Ct).Ok(201);

        Assert.Equal(first.Text("memberId"), second.Text("memberId"));
    }

    [Theory]
    [InlineData("password", "password")]
    [InlineData("short", "password")]
    [InlineData("12345678", "password")]
    [InlineData("PASSWORD123", "password")]
    [InlineData("aaaaaaaaaa", "password")]
    [InlineData("abcabcabc", "password")]
    [InlineData("qwertyuiop", "password")]
    [InlineData("with\u0000control", "password")]
    public async Task Weak_passwords_are_refused(string password, string field)
    {
        using var client = membership.Host.Client();

        var problem = await client.PostAsJsonAsync("/members", new { email = "weak@example.org", password, displayName = "Weak" }, Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Theory]
    [InlineData("""{"email":"x","password":"violet harbour 42","displayName":"X"}""", "email")]
    [InlineData("""{"email":"Ann <ann@example.org>","password":"violet harbour 42","displayName":"X"}""", "email")]
    [InlineData("""{"email":"a@b.org\u0000","password":"violet harbour 42","displayName":"X"}""", "email")]
    [InlineData("""{"email":"a@b.org","password":"violet harbour 42","displayName":" "}""", "displayName")]
    [InlineData("""{"email":"a@b.org","password":"violet harbour 42","displayName":"a\u0007"}""", "displayName")]
    [InlineData("""{"email":"a@b.org","password":"violet harbour 42","displayName":"\ud83d"}""", "displayName")]
    [InlineData("""{"email":"a@b.org","password":"violet harbour 42"}""", "displayName")]
    [InlineData("""{"email":null,"password":"violet harbour 42","displayName":"X"}""", "email")]
    [InlineData("""{"email":["a@b.org"],"password":"violet harbour 42","displayName":"X"}""", "email")]
    public async Task Bad_registrations_name_the_field(string body, string field)
    {
        using var client = membership.Host.Client();

        var problem = await client.PostAsync("/members", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task A_profile_changes_and_its_past_stays()
    {
        var ann = await membership.Join("Ann Before");
        var before = membership.Clock.GetUtcNow();
        membership.Clock.Advance(TimeSpan.FromMinutes(1));
        using var client = membership.Host.Client(ann.AccessToken);

        var changed = await client.PatchAsJsonAsync("/members/me", new { displayName = "Ann After", bio = "I write\ncompilers." }, Ct).Ok(200);
        var unchanged = await client.PatchAsJsonAsync("/members/me", new { displayName = "Ann After" }, Ct).Ok(200);
        var then = await client.GetAsync($"/members/{ann.Id}?asOf={Instant(before)}", Ct).Ok(200);
        var history = (await client.GetAsync($"/members/{ann.Id}/history", Ct).Ok(200))["items"]!.AsArray();

        Assert.Equal("Ann After", changed.Text("displayName"));
        Assert.Equal("I write\ncompilers.", unchanged.Text("bio"));
        Assert.Equal("Ann Before", then.Text("displayName"));
        Assert.Null(then["bio"]);
        Assert.Equal(["member-joined.v1", "member-renamed.v1", "bio-rewritten.v1"], history.Select(item => item!.Text("type")));
        Assert.Equal("Ann Before", history[0]!["data"]!.Text("name"));
        Assert.All(history, item => Assert.Equal(ann.Id.ToString(), item!.Text("by")));
        await client.GetAsync($"/members/{ann.Id}?asOf=2020-01-01T00:00:00Z", Ct).Problem(404, "not-found");
    }

    [Fact]
    public async Task Strangers_see_the_present_only_and_another_entity_than_the_member()
    {
        var (ann, ben) = (await membership.Join(), await membership.Join());
        using var client = membership.Host.Client(ann.AccessToken);
        await client.PatchAsJsonAsync("/members/me", new { bio = "REGRETTED" }, Ct).Ok(200);
        var regretted = membership.Clock.GetUtcNow();
        membership.Clock.Advance(TimeSpan.FromMinutes(1));
        await client.PatchAsJsonAsync("/members/me", new { bio = "" }, Ct).Ok(200);
        using var stranger = membership.Host.Client(ben.AccessToken);
        using var anybody = membership.Host.Client();

        await stranger.GetAsync($"/members/{ann.Id}?asOf={Instant(regretted)}", Ct).Problem(403, "forbidden");
        await anybody.GetAsync($"/members/{ann.Id}?asOf={Instant(regretted)}", Ct).Problem(403, "forbidden");
        Assert.Equal("REGRETTED", (await client.GetAsync($"/members/{ann.Id}?asOf={Instant(regretted)}", Ct).Ok(200)).Text("bio"));
        using var own = await client.GetAsync($"/members/{ann.Id}", Ct);
        using var others = await anybody.GetAsync($"/members/{ann.Id}", Ct);
        Assert.NotEqual(own.Headers.ETag, others.Headers.ETag);
        Assert.Contains("Authorization", others.Headers.Vary);
    }

    [Fact]
    public async Task A_change_is_guarded_by_the_version_that_its_maker_saw()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        using var seen = await client.GetAsync("/members/me", Ct);
        client.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", seen.Headers.ETag!.Tag);

        await client.PatchAsJsonAsync("/members/me", new { displayName = "New", bio = "Too" }, Ct).Ok(200);
        await client.PatchAsJsonAsync("/members/me", new { displayName = "Newer" }, Ct).Problem(412, "version-mismatch");
    }

    [Fact]
    public async Task Roles_are_an_operators_to_give_and_the_highest_an_owners()
    {
        var (ann, oscar) = (await membership.Join(), await membership.Join());
        using var asAnn = membership.Host.Client(ann.AccessToken);
        using var owner = membership.Host.Client(membership.Owner.AccessToken);
        await asAnn.PutAsync($"/members/{ann.Id}/roles/creator", null, Ct).Problem(403, "forbidden");
        await owner.PutAsync($"/members/{oscar.Id}/roles/operator", null, Ct).Ok(204);
        var renewed = await owner.PostAsJsonAsync("/sessions/refresh", new { refreshToken = oscar.RefreshToken }, Ct).Ok(200);
        using var asOscar = membership.Host.Client(renewed.Text("accessToken"));

        await asOscar.PutAsync($"/members/{ann.Id}/roles/creator", null, Ct).Ok(204);
        await asOscar.PutAsync($"/members/{ann.Id}/roles/creator", null, Ct).Ok(204);
        await asOscar.PutAsync($"/members/{ann.Id}/roles/operator", null, Ct).Problem(403, "forbidden");
        await asOscar.PutAsync($"/members/{ann.Id}/roles/owner", null, Ct).Problem(403, "forbidden");
        await asOscar.PutAsync($"/members/{ann.Id}/roles/emperor", null, Ct).Problem(404, "not-found");
        await asOscar.PutAsync($"/members/{Guid.Empty}/roles/creator", null, Ct).Problem(404, "not-found");
        await asOscar.DeleteAsync($"/members/{ann.Id}/roles/member", Ct).Problem(409, "role-inseparable");
        Assert.Equal(["creator", "member"], (await asAnn.GetAsync("/members/me", Ct).Ok(200)).Strings("roles"));

        await asOscar.DeleteAsync($"/members/{ann.Id}/roles/creator", Ct).Ok(204);
        Assert.Equal(["member"], (await asAnn.GetAsync("/members/me", Ct).Ok(200)).Strings("roles"));
    }

    [Fact]
    public async Task Some_profiles_are_public_and_all_are_an_operators()
    {
        var (ann, bob) = (await membership.Join("Ann"), await membership.Join("Bob"));
        using var anonymous = membership.Host.Client();
        using var asAnn = membership.Host.Client(ann.AccessToken);
        using var owner = membership.Host.Client(membership.Owner.AccessToken);

        var some = (await anonymous.GetAsync($"/members?ids={bob.Id},{ann.Id},{Guid.Empty}", Ct).Ok(200))["items"]!.AsArray();
        Assert.Equal(["Ann", "Bob"], some.Select(item => item!.Text("displayName")).Order());
        Assert.All(some, item => Assert.False(item!.AsObject().ContainsKey("email")));
        await anonymous.GetAsync("/members", Ct).Problem(401, "unauthenticated");
        await asAnn.GetAsync("/members", Ct).Problem(403, "forbidden");
        await anonymous.GetAsync("/members?ids=x", Ct).Problem(400, "validation-failed");
        await anonymous.GetAsync($"/members?ids={string.Join(',', Enumerable.Repeat(ann.Id, 101))}", Ct).Problem(400, "validation-failed");
        await anonymous.GetAsync("/members/not-an-id", Ct).Problem(400, "malformed-request");
        await anonymous.GetAsync($"/members/{Guid.Empty}", Ct).Problem(404, "not-found");
        var token = Answers.Claims(await membership.ApiToken(ann, "read")).Text("jti");
        await anonymous.GetAsync($"/members/{token}", Ct).Problem(404, "not-found");
        await owner.GetAsync($"/members/{token}/history", Ct).Problem(404, "not-found");
        await owner.PutAsync($"/members/{token}/roles/creator", null, Ct).Problem(404, "not-found");
        await asAnn.GetAsync($"/members/{bob.Id}/history", Ct).Problem(403, "forbidden");
        await owner.GetAsync($"/members/{Guid.Empty}/history", Ct).Problem(404, "not-found");

        var seen = new List<string>();
        string? next = null;
        do
        {
            var page = await owner.GetAsync($"/members?limit=2{(next is null ? "" : $"&after={next}")}", Ct).Ok(200);
            seen.AddRange(page["items"]!.AsArray().Select(item => item!.Text("memberId")));
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);
        Assert.Contains(ann.Id.ToString(), seen);
        Assert.Equal(seen.Distinct().Count(), seen.Count);
        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task Nothing_personal_stands_in_the_database_in_the_clear()
    {
        var ann = await membership.Join("Findme Nowhere", "findme.nowhere@example.org");
        using var client = membership.Host.Client(ann.AccessToken);
        await client.PatchAsJsonAsync("/members/me", new { bio = "Unfindable biography" }, Ct).Ok(200);
        await membership.ApiToken(ann, "read");

        await using var database = NpgsqlDataSource.Create(membership.Host.Database);
        await using var list = database.CreateCommand("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')");
        var tables = new List<string>();
        await using (var rows = await list.ExecuteReaderAsync(Ct))
        {
            while (await rows.ReadAsync(Ct))
                tables.Add(rows.GetString(0));
        }

        Assert.Contains("public.mt_events", tables);
        foreach (var table in tables)
        {
            await using var search = database.CreateCommand($"select count(*) from {table} t where t::text ~* 'findme|nowhere@|unfindable|violet'");
            Assert.True((long)(await search.ExecuteScalarAsync(Ct))! == 0, $"{table} holds personal data in the clear.");
        }
    }

    private static string Instant(DateTimeOffset instant) => Uri.EscapeDataString(instant.ToString("O", CultureInfo.InvariantCulture));
}
