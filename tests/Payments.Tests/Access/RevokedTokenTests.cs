using System.Net;
using Community.EventSourcing;
using Community.Membership.Contracts;
using Community.Testing;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Community.Payments.Tests.Access;

public sealed class RevokedTokenTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_token_that_membership_revokes_is_refused_here_and_also_after_a_restart()
    {
        await using var issuer = await Issuer.Start();
        var member = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        var (revoked, other) = (ApiToken(issuer, member), ApiToken(issuer, member));
        await using var host = await ServiceHost<Program>.Start("payments", issuer);
        await using var membership = await Neighbour.Start(host.Messaging, ["membership", "content"]);
        Assert.Equal(HttpStatusCode.OK, await Orders(host, revoked));

        var id = Guid.Parse(new JsonWebToken(revoked).Id);
        await membership.Publish(StreamId.Of("revocation", id), new TokenRevoked(id, TimeProvider.System.GetUtcNow().AddDays(1)));
        await Eventually.True(async () => await Orders(host, revoked) == HttpStatusCode.Unauthorized, Deadline, "the revoked token to be refused");
        Assert.Equal(HttpStatusCode.OK, await Orders(host, other));

        await using var again = await ServiceHost<Program>.Start("payments", issuer, database: host.Database, messaging: host.Messaging);
        Assert.Equal(HttpStatusCode.Unauthorized, await Orders(again, revoked));
    }

    private static string ApiToken(Issuer issuer, Guid member) => issuer.Token(member, ["member"], ["read"], TimeSpan.FromMinutes(15));

    private static async Task<HttpStatusCode> Orders(ServiceHost<Program> host, string token)
    {
        using var client = host.Client(token);

        return (await client.GetAsync("/orders", TestContext.Current.CancellationToken)).StatusCode;
    }
}
