using Community.Testing;
using static Community.Testing.AccessTable;

namespace Community.Incentives.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(IncentivesHost incentives)
{
    /// <summary>Who may, where it is their own, and where it is another's.</summary>
    private static readonly AccessTable Table = new(new Dictionary<string, (string[], string[])>
    {
        ["GET /rules"] = (Members, Members),
        ["GET /rules/versions"] = (Members, Members),
        ["POST /rules/checks"] = (Operators, Operators),
        ["POST /rules"] = (Operators, Operators),
        ["GET /members/{id}/points"] = (Members, Operators),
        ["GET /members/{id}/points/entries"] = (Members, Operators),
        ["POST /members/{id}/points/adjustments"] = (Operators, Operators),
        ["GET /members/{id}/points/entries/{entryId}/why"] = (Members, Operators),
        ["GET /levels"] = (Members, Members),
        ["PUT /levels"] = (Operators, Operators),
        ["GET /leaderboard"] = (Members, Members),
        ["PUT /members/me/leaderboard"] = (Members, Members),
        ["POST /rules/replays"] = (Operators, Operators),
        ["GET /rules/replays"] = (Operators, Operators),
        ["GET /rules/replays/{id}"] = (Operators, Operators),
        ["GET /rules/replays/{id}/members/{memberId}"] = (Operators, Operators),
        ["POST /rules/replays/{id}/cancellation"] = (Operators, Operators),
        ["POST /rules/replays/{id}/application"] = (Operators, Operators),
        ["GET /held-causes"] = (Operators, Operators),
        ["POST /held-causes/confirmations"] = (Operators, Operators),
        ["POST /held-causes/releases"] = (Operators, Operators),
        ["GET /rewards"] = (Members, Members),
        ["POST /rewards"] = (Operators, Operators),
        ["DELETE /rewards/{id}"] = (Operators, Operators),
        ["PUT /rewards/budget"] = (Operators, Operators),
        ["GET /rewards/liability"] = (Operators, Operators),
        ["POST /redemptions"] = (Members, Members),
        ["GET /redemptions"] = (Members, Members),
        ["GET /redemptions/{id}"] = (Members, Members),
        ["POST /redemptions/{id}/fulfilment"] = (Operators, Operators),
        ["POST /redemptions/{id}/cancellation"] = (Members, Members),
        ["GET /badges"] = (Members, Members),
        ["GET /badges/rules"] = (Members, Members),
        ["POST /badges"] = (Operators, Operators),
        ["DELETE /badges/{id}"] = (Operators, Operators),
        ["GET /members/{id}/badges"] = (Members, Members),
        ["POST /imports/badges"] = (Nobody, Nobody) // a session has no scope: only a token has
    });

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        using var client = incentives.Host.Client();
        Assert.Empty(await Table.Gaps(client));
    }

    // Nothing valid is sent: rules that were adopted would be in force for the other tests too.
    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (me, other) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        using var client = incentives.Host.Client(role == "anonymous" ? null : incentives.Issuer.Token(me, role));
        Assert.Empty(await Table.Faults(role, client, [Of(me, "own", isOwn: true), Of(other, "another's", isOwn: false)]));
    }

    private static Belongings Of(Guid member, string whose, bool isOwn) => new(
        whose, isOwn,
        path => path.Replace("{id}", $"{member}", StringComparison.Ordinal).Replace("{entryId}", $"{member}", StringComparison.Ordinal).Replace("{memberId}", $"{member}", StringComparison.Ordinal).Replace("{name}", "nothing", StringComparison.Ordinal),
        IsThere: path => path.StartsWith("/members/", StringComparison.Ordinal) && !path.EndsWith("/why", StringComparison.Ordinal));
}
