using System.Net.Http.Json;

namespace Community.Membership.Tests.Imports;

public sealed class ImportTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Members_come_in_with_their_own_instants_once()
    {
        using var client = await Importer();
        var items = Enumerable.Range(0, 50).Select(i => new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = $"Old hand {i}", joinedAt = $"2019-03-{1 + (i % 28):00}T10:00:00.123Z" }).ToArray();

        var first = await client.PostAsJsonAsync("/imports/members", new { items }, Ct).Ok(200);
        var second = await client.PostAsJsonAsync("/imports/members", new { items }, Ct).Ok(200);
        var profile = await client.GetAsync($"/members/{items[3].memberId}", Ct).Ok(200);
        var then = await client.GetAsync($"/members/{items[3].memberId}?asOf=2019-03-04T10:00:00.123Z", Ct).Ok(200);

        Assert.Equal((50, 0, 0), Counts(first));
        Assert.Equal((0, 50, 0), Counts(second));
        Assert.Equal("Old hand 3", profile.Text("displayName"));
        Assert.Equal("2019-03-04T10:00:00.123Z", profile.Text("joinedAt"));
        Assert.Equal("Old hand 3", then.Text("displayName"));
        await client.GetAsync($"/members/{items[3].memberId}?asOf=2019-03-04T10:00:00.122999Z", Ct).Problem(404, "not-found");
    }

    [Fact]
    public async Task What_cannot_be_taken_is_told_item_by_item()
    {
        using var client = await Importer();
        var good = Guid.CreateVersion7(membership.Clock.GetUtcNow());
        var items = new object[]
        {
            new { memberId = good, displayName = "Fine", joinedAt = "2019-03-01T10:00:00Z" },
            new { memberId = good, displayName = "Twice", joinedAt = "2019-03-01T10:00:00Z" },
            new { memberId = Guid.Empty, displayName = "Nobody", joinedAt = "2019-03-01T10:00:00Z" },
            new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "\u0007", joinedAt = "2019-03-01T10:00:00Z" },
            new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "Later", joinedAt = "2999-03-01T10:00:00Z" }
        };

        var report = await client.PostAsJsonAsync("/imports/members", new { items }, Ct).Ok(200);

        Assert.Equal((1, 1, 3), Counts(report));
        Assert.Equal(["member-id-empty", "display-name-invalid", "joined-in-future"], report["refused"]!.AsArray().Select(item => item!.Text("code")));
        Assert.Equal("Fine", (await client.GetAsync($"/members/{good}", Ct).Ok(200)).Text("displayName"));
    }

    [Fact]
    public async Task Who_comes_with_an_address_sets_a_password_and_signs_in_and_nobody_is_mailed_before()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (_, bo) = await community.Join("bo");
        using var owner = await community.SignIn("owner@example.org");
        using var client = community.Host.Client((await owner.PostAsJsonAsync("/tokens", new { name = "x", scopes = new[] { "import" } }, Ct).Ok(201)).Text("token"));
        using var anonymous = community.Host.Client();
        var (ann, again, other) = (Id(), Id(), Id());
        var mails = await Mails();

        Assert.Equal((2, 2, 1), Counts(await Import(
            Item(ann, "Ann", "Ann@example.org"), Item(again, "Ann again", "ANN@EXAMPLE.ORG"), Item(Id(), "Bo", "bo@example.org"), Item(Id(), "None", "not an address"), Item(other, "No address", null))));
        Assert.Equal((0, 2, 0), Counts(await Import(Item(Id(), "Ann", "ann@example.org"), Item(ann, "Ann", "ann@example.org"))));
        Assert.Equal(mails, await Mails());
        await owner.GetAsync($"/members/{again}", Ct).Problem(404, "not-found");
        Assert.Equal("bo", (await owner.GetAsync($"/members/{bo}", Ct).Ok(200)).Text("displayName"));

        // Without a password nobody signs in, whatever they try.
        foreach (var password in new[] { MembershipService.GoodPassword, "nobody signs in with this" })
            await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password }, Ct).Problem(401, "wrong-credentials");

        await anonymous.PostAsJsonAsync("/password-resets", new { email = "ann@example.org" }, Ct).Ok(202);
        var token = await community.TokenOf(ann, "resetPassword");
        await anonymous.PostAsJsonAsync("/password-resets/completion", new { token, password = "quiet mountain 99" }, Ct).Ok(204);
        using var asAnn = await community.SignIn("ann@example.org", "quiet mountain 99");
        var me = await asAnn.GetAsync("/members/me", Ct).Ok(200);
        Assert.Equal((ann, "Ann", "2019-03-01T10:00:00Z", true), (me.Id("memberId"), me.Text("displayName"), me.Text("joinedAt"), me["emailConfirmed"]!.GetValue<bool>()));
        await anonymous.PostAsJsonAsync("/members", new { email = "ann@example.org", password = "quiet mountain 99", displayName = "Another" }, Ct).Problem(409, "address-taken");

        Task<System.Text.Json.Nodes.JsonNode> Import(params object[] items) => client.PostAsJsonAsync("/imports/members", new { items }, Ct).Ok(200);
        async Task<int> Mails() => (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().Count;
        Guid Id() => Guid.CreateVersion7(community.Clock.GetUtcNow());
        static object Item(Guid memberId, string displayName, string? email) => new { memberId, displayName, joinedAt = "2019-03-01T10:00:00Z", email };
    }

    [Fact]
    public async Task An_address_that_two_imports_bring_at_once_is_one_member()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var owner = await community.SignIn("owner@example.org");
        using var client = community.Host.Client((await owner.PostAsJsonAsync("/tokens", new { name = "x", scopes = new[] { "import" } }, Ct).Ok(201)).Text("token"));

        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.PostAsJsonAsync("/imports/members", new
        {
            items = Enumerable.Range(0, 40).Select(i => new { memberId = Guid.CreateVersion7(community.Clock.GetUtcNow()), displayName = $"P{i}", joinedAt = "2019-03-01T10:00:00Z", email = $"p{i}@example.org" })
        }, Ct).Ok(200)));

        Assert.Equal((40, 120), (reports.Sum(report => Counts(report).Taken), reports.Sum(report => Counts(report).Already)));
    }

    [Fact]
    public async Task Only_programs_with_the_scope_import_and_only_operators_make_such()
    {
        var ann = await membership.Join();
        using var owner = membership.Host.Client(membership.Owner.AccessToken);
        using var asAnn = membership.Host.Client(ann.AccessToken);
        using var writer = membership.Host.Client(await membership.ApiToken(membership.Owner, "write"));
        using var anonymous = membership.Host.Client();

        await owner.PostAsync("/imports/members", Answers.Json("""{"items":[]}"""), Ct).Problem(403, "forbidden");
        await writer.PostAsync("/imports/members", Answers.Json("""{"items":[]}"""), Ct).Problem(403, "forbidden");
        await anonymous.PostAsync("/imports/members", Answers.Json("""{"items":[]}"""), Ct).Problem(401, "unauthenticated");
        await asAnn.PostAsJsonAsync("/tokens", new { name = "x", scopes = new[] { "import" } }, Ct).Problem(403, "forbidden");
    }

    [Theory]
    [InlineData("""{"items":[{"memberId":"x","displayName":"A","joinedAt":"2019-03-01T10:00:00Z"}]}""", "items[0].memberId")]
    [InlineData("""{"items":[{"memberId":"0196a000-0000-7000-8000-000000000001","displayName":"A","joinedAt":"yesterday"}]}""", "items[0].joinedAt")]
    [InlineData("""{"items":{}}""", "items")]
    [InlineData("""{}""", "items")]
    public async Task A_malformed_batch_names_its_field(string body, string field)
    {
        using var client = await Importer();

        var problem = await client.PostAsync("/imports/members", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task A_batch_has_at_most_500_items()
    {
        using var client = await Importer();
        var items = Enumerable.Range(0, 501).Select(i => new { memberId = Guid.CreateVersion7(membership.Clock.GetUtcNow()), displayName = "A", joinedAt = "2019-03-01T10:00:00Z" });

        await client.PostAsJsonAsync("/imports/members", new { items }, Ct).Problem(400, "validation-failed");
    }

    private async Task<HttpClient> Importer() => membership.Host.Client(await membership.ApiToken(membership.Owner, "import", "read"));

    private static (int Taken, int Already, int Refused) Counts(System.Text.Json.Nodes.JsonNode report) =>
        (report["taken"]!.GetValue<int>(), report["already"]!.GetValue<int>(), report["refused"]!.AsArray().Count);
}
