using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Membership.Tests.Members;
using Community.Testing;
using Npgsql;

namespace Community.Membership.Tests.Departures;

public sealed class LeavingTests
{

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Who_leaves_is_out_at_once_and_may_come_back()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var neighbour = await Neighbour.Start(community.Host.Messaging, [], null, typeof(Contracts.MemberDeparted), typeof(Contracts.MemberReturned), typeof(Contracts.TokenRevoked));
        var (ann, id) = await community.Join("ann", "creator");
        using var anonymous = community.Host.Client();
        using var program = community.Host.Client((await ann.PostAsJsonAsync("/tokens", new { name = "p", scopes = new[] { "write", "read" } }, Ct).Ok(201)).Text("token"));
        await program.PostAsync("/members/me/departure", null, Ct).Problem(403, "forbidden");

        await ann.PostAsync("/members/me/departure", null, Ct).Ok(204);

        await ann.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        object credentials = new { email = "ann@example.org", password = MembershipService.GoodPassword };
        await anonymous.PostAsJsonAsync("/sessions", credentials, Ct).Problem(403, "member-departed");
        await anonymous.PostAsJsonAsync("/sessions/return", new { email = "ann@example.org", password = "wrong harbour" }, Ct).Problem(401, "wrong-credentials");
        var gone = await anonymous.GetAsync($"/members/{id}", Ct).Ok(200);
        Assert.Equal(("departed", "ann the creator"), (gone.Text("status"), gone.Text("displayName")));
        Assert.Equal(["member"], gone.Strings("roles"));

        using var back = community.Host.Client((await anonymous.PostAsJsonAsync("/sessions/return", credentials, Ct).Ok(200)).Text("accessToken"));
        Assert.Equal("active", (await back.GetAsync("/members/me", Ct).Ok(200)).Text("status"));
        await program.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).ToList()), facts => facts.OfType<Contracts.MemberReturned>().Any(), "the relay says both");
        Assert.True(heard.OfType<Contracts.MemberDeparted>().Single().Version < heard.OfType<Contracts.MemberReturned>().Single().Version);
        Assert.Single(heard.OfType<Contracts.TokenRevoked>());
        ann.Dispose();
    }

    [Fact]
    public async Task The_owner_stays()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var owner = await community.SignIn("owner@example.org");

        await owner.PostAsync("/members/me/departure", null, Ct).Problem(409, "owner-stays");
        await owner.PostAsync("/members/me/erasure", null, Ct).Problem(409, "owner-stays");
        await owner.GetAsync("/members/me", Ct).Ok(200);
    }

    [Fact]
    public async Task All_that_is_held_is_handed_out_and_after_the_erasure_nothing_of_the_person_is_left()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var neighbour = await Neighbour.Start(community.Host.Messaging, [], null, typeof(Contracts.MemberErased), typeof(Contracts.MemberJoined));
        var (zoe, id) = await community.Join("zoepersonal");
        using var owner = await community.SignIn("owner@example.org");
        await zoe.PatchAsJsonAsync("/members/me", new { displayName = "Zoe Personal", bio = "Personal biography", links = new[] { "https://personal.example" } }, Ct).Ok(200);
        await zoe.PutAsync("/members/me/avatar", new ByteArrayContent(AvatarTests.Png(8, 8)) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } }, Ct).Ok(204);
        await zoe.PostAsJsonAsync("/tokens", new { name = "Personal laptop", scopes = new[] { "read" } }, Ct).Ok(201);
        await zoe.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var invitation = (await zoe.PostAsJsonAsync("/invitations", new { uses = 2 }, Ct).Ok(201)).Text("code");
        using var anonymous = community.Host.Client();
        await anonymous.PostAsJsonAsync("/password-resets", new { email = "zoepersonal@example.org" }, Ct).Ok(202);

        var export = await zoe.GetAsync("/members/me/export", Ct).Ok(200);
        var text = export.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        foreach (var held in new[] { "Zoe Personal", "Personal biography", "https://personal.example", "zoepersonal@example.org", "Personal laptop", invitation, "data:image/png;base64," })
            Assert.Contains(held, text, StringComparison.Ordinal);
        Assert.Equal("zoepersonal", export["history"]![0]!["data"]!.Text("name"));
        await anonymous.GetAsync("/members/me/export", Ct).Problem(401, "unauthenticated");

        await zoe.PostAsync("/members/me/erasure", null, Ct).Ok(204);

        await zoe.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await anonymous.PostAsJsonAsync("/sessions", new { email = "zoepersonal@example.org", password = MembershipService.GoodPassword }, Ct).Problem(401, "wrong-credentials");
        await anonymous.PostAsJsonAsync("/members", new { email = "new@example.org", password = MembershipService.GoodPassword, displayName = "New", invitationCode = invitation }, Ct).Problem(409, "invitation-unknown");
        var profile = await anonymous.GetAsync($"/members/{id}", Ct).Ok(200);
        Assert.Equal("erased", profile.Text("status"));
        Assert.Null(profile["displayName"]);
        Assert.Null(profile["avatar"]);
        await anonymous.GetAsync($"/members/{id}/avatar", Ct).Problem(404, "not-found");
        // The history stays, of nobody.
        var history = (await owner.GetAsync($"/members/{id}/history", Ct).Ok(200)).ToJsonString();
        Assert.Contains("member-erased.v1", history, StringComparison.Ordinal);
        Assert.DoesNotContain("ersonal", history, StringComparison.Ordinal);
        Assert.Equal($"{id}", Assert.Single((await owner.GetAsync("/erasures", Ct).Ok(200))["items"]!.AsArray())!.Text("memberId"));
        await Eventually.True(() => Task.FromResult(neighbour.Heard.Any(said => said.Fact is Contracts.MemberErased erased && erased.MemberId == id)), "the relay says it");

        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        foreach (var (table, column) in new[]
        {
            ("member_keys", "member_id"), ("mt_doc_credentials", "id"), ("sessions", "member_id"), ("avatars", "member_id"), ("mails", "member_id"),
            ("mail_links", "member_id"), ("two_factor", "member_id"), ("recovery_codes", "member_id"), ("provider_accounts", "member_id")
        })
        {
            await using var count = database.CreateCommand($"select count(*) from {table} where {column} = '{id}'");
            Assert.True((long)(await count.ExecuteScalarAsync(Ct))! == 0, table);
        }

        // The address is free, and who takes it is somebody else.
        var (again, other) = await community.Join("zoepersonal");
        Assert.NotEqual(id, other);
        again.Dispose();
        zoe.Dispose();
    }

    [Fact]
    public async Task Erasures_are_applied_again_after_a_restore()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, annId) = await community.Join("ann");
        var (bob, bobId) = await community.Join("bob");
        await bob.PostAsync("/members/me/erasure", null, Ct).Ok(204);
        using var owner = await community.SignIn("owner@example.org");
        await ann.PostAsJsonAsync("/erasures", new { items = Array.Empty<object>() }, Ct).Problem(403, "forbidden");
        await owner.PostAsync("/erasures", Answers.Json("""{"items":[{"memberId":"x"}]}"""), Ct).Problem(400, "validation-failed");

        // As the list has it that was kept apart: Ann's erasure was after the backup.
        var report = await owner.PostAsJsonAsync("/erasures", new { items = new[] { annId, bobId, Guid.AllBitsSet, Guid.Empty, community.Owner }.Select(memberId => new { memberId }) }, Ct).Ok(200);

        Assert.Equal((1, 1), (report["erased"]!.GetValue<int>(), report["already"]!.GetValue<int>()));
        Assert.Equal(["not-found", "member-id-empty", "owner-stays"], report["refused"]!.AsArray().Select(item => item!.Text("code")));
        await ann.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        Assert.Equal(2, (await owner.GetAsync("/erasures", Ct).Ok(200))["items"]!.AsArray().Count);
        ann.Dispose();
        bob.Dispose();
    }

    [Fact]
    public async Task A_tier_is_given_for_a_time_and_told()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var neighbour = await Neighbour.Start(community.Host.Messaging, [], null, typeof(Contracts.TierGranted), typeof(Contracts.TierEnded));
        var (ann, id) = await community.Join("ann");
        using var owner = await community.SignIn("owner@example.org");

        await ann.PutAsJsonAsync($"/members/{id}/tier", new { tier = "gold" }, Ct).Problem(403, "forbidden");
        await owner.PutAsJsonAsync($"/members/{id}/tier", new { tier = "Gold!" }, Ct).Problem(400, "validation-failed");
        await owner.PutAsJsonAsync($"/members/{id}/tier", new { tier = "gold", until = "2020-01-01T00:00:00Z" }, Ct).Problem(400, "validation-failed");
        await owner.PutAsJsonAsync($"/members/{Guid.Empty}/tier", new { tier = "gold" }, Ct).Problem(404, "not-found");
        await owner.PutAsJsonAsync($"/members/{id}/tier", new { tier = "gold", until = community.Clock.GetUtcNow().AddMinutes(1) }, Ct).Ok(204);
        await owner.PutAsJsonAsync($"/members/{id}/tier", new { tier = "gold", until = community.Clock.GetUtcNow().AddMinutes(1) }, Ct).Ok(204);
        Assert.Equal("gold", (await ann.GetAsync("/members/me", Ct).Ok(200)).Text("tier"));
        community.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null((await ann.GetAsync("/members/me", Ct).Ok(200))["tier"]);
        await Eventually.True(
            () =>
            {
                community.Clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(neighbour.Heard.Any(said => said.Fact is Contracts.TierEnded));
            }, "the relay says that it ended");
        var granted = Assert.Single(neighbour.Heard.Select(said => said.Fact).OfType<Contracts.TierGranted>());
        Assert.Equal((id, "gift", "gold"), (granted.MemberId, granted.Source, granted.Tier));
        Assert.Single(neighbour.Heard, said => said.Fact is Contracts.TierEnded);
        await owner.DeleteAsync($"/members/{id}/tier", Ct).Ok(204);
        ann.Dispose();
    }
}
