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
