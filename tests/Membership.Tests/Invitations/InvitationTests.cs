using System.Net.Http.Json;
using Community.EventStore;
using Community.Membership.Invitations;
using Community.Testing;
using Npgsql;

namespace Community.Membership.Tests.Invitations;

public sealed class InvitationTests(MembershipService membership)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly Guid Bob = Guid.Parse("0196a000-0000-7000-8000-000000000002");
    private static readonly InvitationMade Made = new(Ann, new Sealed(Ann, "Y29kZQ=="), Uses: 1, Noon.AddDays(1), Noon);

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public void An_invitation_is_used_up() => Spec.For(Invitation.Decider).Given(Made, new InvitationUsed(Bob, Noon))
        .When(new UseInvitation(Ann, Noon)).ThenRejected("invitation-used-up");

    [Fact]
    public void The_same_person_uses_it_once() => Spec.For(Invitation.Decider).Given(Made, new InvitationUsed(Bob, Noon))
        .When(new UseInvitation(Bob, Noon)).ThenNothing();

    [Fact]
    public void It_expires_at_its_instant() => Spec.For(Invitation.Decider).Given(Made)
        .When(new UseInvitation(Bob, Noon.AddDays(1))).ThenRejected("invitation-expired");

    [Fact]
    public void A_withdrawn_one_is_no_use() => Spec.For(Invitation.Decider).Given(Made, new InvitationWithdrawn(Ann, Noon))
        .When(new UseInvitation(Bob, Noon)).ThenRejected("invitation-withdrawn");

    [Fact]
    public void One_that_was_never_made_is_unknown() => Spec.For(Invitation.Decider).Given()
        .When(new UseInvitation(Bob, Noon)).ThenRejected("invitation-unknown");

    [Fact]
    public async Task By_invitation_only_the_invited_join_and_who_brought_them_is_kept_and_told()
    {
        await using var community = await MembershipService.SetUpAnother(new { registration = "open" });
        await using var neighbour = await Neighbour.Start(community.Host.Messaging, [], null, typeof(Contracts.MemberBrought));
        var (ann, annId) = await community.Join("ann");
        using var owner = await community.SignIn("owner@example.org");
        await owner.PatchAsJsonAsync("/settings", new { registration = "invitation" }, Ct).Ok(200);
        using var anonymous = community.Host.Client();

        using var made = await ann.PostAsJsonAsync("/invitations", new { uses = 3 }, Ct);
        var invitation = await Task.FromResult(made).Ok(201);
        var code = invitation.Text("code");
        Assert.Equal(3, invitation["uses"]!.GetValue<int>());
        Assert.Equal("2026-05-15T12:00:00Z", invitation.Text("expiresAt"));
        await Register(anonymous, "nobody", null).Problem(403, "invitation-needed");
        await Register(anonymous, "nobody", "WRONG").Problem(409, "invitation-unknown");
        Assert.Equal("active", (await Register(anonymous, "bob", code.ToLowerInvariant().Insert(4, "-")).Ok(201)).Text("status"));

        // The last two places, for six at once.
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Register(anonymous, $"racer{i}", code)));
        Assert.Equal([201, 201, 409, 409, 409, 409], answers.Select(answer => (int)answer.StatusCode).Order());
        await Register(anonymous, "late", code).Problem(409, "invitation-used-up");
        var joined = (await ann.GetAsync(made.Headers.Location, Ct).Ok(200)).Strings("joined");
        Assert.Equal(3, joined.Length);
        await owner.GetAsync($"/members/{joined[0]}/history", Ct).Ok(200);
        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).OfType<Contracts.MemberBrought>().ToList()),
            facts => facts.Count == 3, "the relay says who brought whom");
        Assert.All(heard, fact => Assert.Equal(annId, fact.By));
        Assert.Equal(joined.Order(), heard.Select(fact => $"{fact.MemberId}").Order());

        // Nothing is left of who was refused.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var keys = database.CreateCommand("select count(*) from member_keys");
        Assert.Equal(5L, await keys.ExecuteScalarAsync(Ct)); // the owner, Ann and the three
        ann.Dispose();
    }

    [Fact]
    public async Task An_invitation_ends_when_its_time_is_over_when_it_is_withdrawn_and_with_its_makers_standing()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        var (bob, _) = await community.Join("bob");
        using var anonymous = community.Host.Client();
        using var owner = await community.SignIn("owner@example.org");
        var (first, second) = (await Invite(ann, new { expiresAt = "2026-05-01T13:00:00Z" }), await Invite(ann, new { uses = 2 }));

        await bob.DeleteAsync($"/invitations/{second.Text("invitationId")}", Ct).Problem(404, "not-found");
        await bob.GetAsync($"/invitations/{second.Text("invitationId")}", Ct).Problem(404, "not-found");
        Assert.Empty((await bob.GetAsync("/invitations", Ct).Ok(200))["items"]!.AsArray());
        Assert.Equal(2, (await ann.GetAsync("/invitations", Ct).Ok(200))["items"]!.AsArray().Count);
        await Register(anonymous, "carl", second.Text("code")).Ok(201);
        await ann.DeleteAsync($"/invitations/{second.Text("invitationId")}", Ct).Ok(204);
        await Register(anonymous, "dora", second.Text("code")).Problem(409, "invitation-withdrawn");
        community.Clock.Advance(TimeSpan.FromHours(1));
        await Register(anonymous, "dora", first.Text("code")).Problem(409, "invitation-expired");
        ann.Dispose();
        bob.Dispose();
    }

    [Fact]
    public async Task A_page_of_invitations_reads_no_more_than_it_shows()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        var all = new List<string>();
        for (var i = 0; i < 4; i++)
            all.Add((await Invite(ann, new { uses = 1 })).Text("invitationId"));
        all.Sort(StringComparer.Ordinal);

        // Who reads it fails.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var spoil = database.CreateCommand("""update mt_doc_invitationrow set data = jsonb_set(data, '{invitation}', '"spoilt"') where id = $1""");
        spoil.Parameters.Add(new() { Value = Guid.Parse(all[^1]) });
        Assert.Equal(1, await spoil.ExecuteNonQueryAsync(Ct));
        var first = await ann.GetAsync("/invitations?limit=1", Ct).Ok(200);
        var second = await ann.GetAsync($"/invitations?limit=1&after={Uri.EscapeDataString(first.Text("next"))}", Ct).Ok(200);

        Assert.Equal(all[..2], new[] { first, second }.Select(page => page["items"]!.AsArray().Single()!.Text("invitationId")));
        ann.Dispose();
    }

    [Theory]
    [InlineData("""{"uses":0}""", "uses")]
    [InlineData("""{"uses":101}""", "uses")]
    [InlineData("""{"uses":"many"}""", "uses")]
    [InlineData("""{"expiresAt":"2026-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"expiresAt":"2036-01-01T00:00:00Z"}""", "expiresAt")]
    public async Task Bad_invitations_name_the_field(string body, string field)
    {
        using var client = membership.Host.Client(membership.Owner.AccessToken);

        var problem = await client.PostAsync("/invitations", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task By_approval_who_registers_waits_until_somebody_lets_them_in()
    {
        await using var community = await MembershipService.SetUpAnother();
        await using var neighbour = await Neighbour.Start(community.Host.Messaging, [], null, typeof(Contracts.MemberJoined));
        var (moderator, _) = await community.Join("moderator", "moderator");
        var (plain, _) = await community.Join("plain");
        using var owner = await community.SignIn("owner@example.org");
        await owner.PatchAsJsonAsync("/settings", new { registration = "approval" }, Ct).Ok(200);
        using var anonymous = community.Host.Client();

        var waiting = await Register(anonymous, "ann", null, "I write compilers.").Ok(202);
        community.Clock.Advance(TimeSpan.FromSeconds(1));
        var declined = (await Register(anonymous, "spam", null).Ok(202)).Id("memberId");
        var id = waiting.Id("memberId");
        Assert.Equal("pending", waiting.Text("status"));
        await anonymous.GetAsync($"/members/{id}", Ct).Problem(404, "not-found");
        await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Problem(403, "approval-pending");
        await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = "wrong harbour" }, Ct).Problem(401, "wrong-credentials");
        await plain.GetAsync("/applications", Ct).Problem(403, "forbidden");

        var list = (await moderator.GetAsync("/applications", Ct).Ok(200))["items"]!.AsArray();
        Assert.Equal(["ann", "spam"], list.Select(item => item!.Text("displayName")));
        Assert.Equal(("ann@example.org", "I write compilers."), (list[0]!.Text("email"), list[0]!.Text("note")));
        await moderator.PostAsync($"/applications/{id}/approval", null, Ct).Ok(204);
        await moderator.PostAsync($"/applications/{id}/approval", null, Ct).Ok(204);
        await moderator.PostAsync($"/applications/{declined}/refusal", null, Ct).Ok(204);
        await moderator.PostAsync($"/applications/{declined}/approval", null, Ct).Problem(404, "not-found");
        await moderator.PostAsync($"/applications/{id}/refusal", null, Ct).Problem(409, "joined-already");
        await moderator.PostAsync($"/applications/{Guid.Empty}/approval", null, Ct).Problem(404, "not-found");

        Assert.Empty((await moderator.GetAsync("/applications", Ct).Ok(200))["items"]!.AsArray());
        using var ann = await community.SignIn("ann@example.org");
        Assert.Equal("2026-05-01T12:00:01Z", (await ann.GetAsync("/members/me", Ct).Ok(200)).Text("joinedAt")); // when she was let in
        await anonymous.PostAsJsonAsync("/sessions", new { email = "spam@example.org", password = MembershipService.GoodPassword }, Ct).Problem(401, "wrong-credentials");
        await Register(anonymous, "spam", null).Ok(202); // the address is free again
        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).OfType<Contracts.MemberJoined>().Select(joined => joined.MemberId).ToList()),
            facts => facts.Contains(id), "the relay says that she joined");
        Assert.DoesNotContain(declined, heard);
        moderator.Dispose();
        plain.Dispose();
    }

    private static Task<System.Text.Json.Nodes.JsonNode> Invite(HttpClient client, object body) => client.PostAsJsonAsync("/invitations", body, Ct).Ok(201);

    private static Task<HttpResponseMessage> Register(HttpClient client, string name, string? code, string? note = null) => client.PostAsJsonAsync(
        "/members", new { email = $"{name}@example.org", password = MembershipService.GoodPassword, displayName = name, invitationCode = code, note }, Ct);
}
