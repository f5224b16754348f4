using System.Net;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Testing;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Community.Payments.Tests.Access;

public sealed class RevokedTokenTests
{

    [Fact]
    public async Task A_token_that_membership_revokes_is_refused_here_and_also_after_a_restart()
    {
        await using var issuer = await Issuer.Start();
        var member = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        var (revoked, other) = (ApiToken(issuer, member), ApiToken(issuer, member));
        await using var host = await ServiceHost<Program>.Start("payments", issuer);
        await using var membership = await Neighbour.Start(host.Messaging, ["membership", "content", "incentives"]);
        Assert.Equal(HttpStatusCode.OK, await Orders(host, revoked));

        var id = Guid.Parse(new JsonWebToken(revoked).Id);
        await membership.Publish(StreamId.Of("revocation", id), new TokenRevoked(id, TimeProvider.System.GetUtcNow().AddDays(1)));
        await Eventually.True(async () => await Orders(host, revoked) == HttpStatusCode.Unauthorized, "the revoked token to be refused");
        Assert.Equal(HttpStatusCode.OK, await Orders(host, other));

        await using var again = await ServiceHost<Program>.Start("payments", issuer, database: host.Database, messaging: host.Messaging);
        Assert.Equal(HttpStatusCode.Unauthorized, await Orders(again, revoked));
    }

    [Fact]
    public async Task Tokens_of_a_session_that_was_ended_are_refused_and_those_of_others_are_not()
    {
        await using var issuer = await Issuer.Start();
        var member = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        var (ended, other) = (issuer.Token(member, "member"), issuer.Token(member, "member"));
        await using var host = await ServiceHost<Program>.Start("payments", issuer);
        await using var membership = await Neighbour.Start(host.Messaging, ["membership", "content", "incentives"]);
        Assert.Equal(HttpStatusCode.OK, await Orders(host, ended));

        var id = Guid.Parse(new JsonWebToken(ended).GetClaim("sid").Value);
        await membership.Publish(StreamId.Of("ending", id), new SessionEnded(id, TimeProvider.System.GetUtcNow().AddMinutes(15)));
        await Eventually.True(async () => await Orders(host, ended) == HttpStatusCode.Unauthorized, "the ended session to be refused");
        Assert.Equal(HttpStatusCode.OK, await Orders(host, other));
    }

    private static string ApiToken(Issuer issuer, Guid member) => issuer.Token(member, ["member"], ["read"], TimeSpan.FromMinutes(15));

    private static async Task<HttpStatusCode> Orders(ServiceHost<Program> host, string token)
    {
        using var client = host.Client(token);

        return (await client.GetAsync("/orders", TestContext.Current.CancellationToken)).StatusCode;
    }
}
