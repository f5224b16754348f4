using Community.Testing;

namespace Community.Membership.Tests;

public sealed class PublicationTests(MembershipService membership)
{
    [Fact]
    public void Stored_events_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Events(typeof(Program).Assembly), "events");

    [Fact]
    public void Contracts_keep_their_names_and_shapes() => Snapshots.Match(Snapshots.Contracts(typeof(Contracts.MemberJoined).Assembly), "contracts");

    [Fact]
    public async Task The_service_is_healthy_and_describes_itself()
    {
        using var client = membership.Host.Client();

        var health = await client.GetAsync("/health", MembershipService.Ct).Ok(200);
        var document = await client.GetAsync("/openapi/v1.json", MembershipService.Ct).Ok(200);

        Assert.Equal("healthy", health.Text("status"));
        Assert.Contains("/members/{id}/roles/{role}", document["paths"]!.AsObject().Select(path => path.Key));
    }

    [Fact]
    public async Task What_happens_is_said_aloud()
    {
        await using var neighbour = await Neighbour.Start(membership.Host.Messaging, [], null,
            typeof(Contracts.MemberJoined), typeof(Contracts.RoleGranted), typeof(Contracts.RoleRevoked), typeof(Contracts.TokenRevoked));
        var ann = await membership.Join();
        await membership.Grant(ann, "creator");
        using var owner = membership.Host.Client(membership.Owner.AccessToken);
        using var asAnn = membership.Host.Client(ann.AccessToken);
        var program = await membership.ApiToken(ann, "read");
        await owner.DeleteAsync($"/members/{ann.Id}/roles/creator", MembershipService.Ct).Ok(204);

        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).ToList()),
            facts => facts.OfType<Contracts.TokenRevoked>().Any() && facts.OfType<Contracts.RoleRevoked>().Any(), "the relay says all four facts");

        var claims = Answers.Claims(program);
        Assert.Single(heard.OfType<Contracts.MemberJoined>(), joined => joined.MemberId == ann.Id && !joined.Imported);
        Assert.Single(heard.OfType<Contracts.RoleGranted>(), granted => granted.MemberId == ann.Id && granted.Role == "creator");
        Assert.Single(heard.OfType<Contracts.RoleRevoked>(), revoked => revoked.MemberId == ann.Id && revoked.Role == "creator");
        Assert.Single(heard.OfType<Contracts.TokenRevoked>(), revoked => revoked.TokenId == claims.Id("jti") && revoked.ExpiresAt.ToUnixTimeSeconds() == claims["exp"]!.GetValue<long>());
    }
}
