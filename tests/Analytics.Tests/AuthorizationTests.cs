using Community.Testing;
using static Community.Testing.AccessTable;

namespace Community.Analytics.Tests;

/// <summary>Every endpoint, each role. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    /// <summary>Who may; nothing here belongs to a member.</summary>
    private static readonly AccessTable Table = new(new Dictionary<string, (string[], string[])>
    {
        ["POST /activities"] = (Members, Members),
        ["GET /activity"] = (Operators, Operators),
        ["GET /retention"] = (Operators, Operators),
        ["GET /growth"] = (Operators, Operators),
        ["GET /forecasts/growth"] = (Operators, Operators),
        ["GET /forecasts/retention"] = (Operators, Operators),
        ["GET /forecasts/members"] = (Operators, Operators),
        ["POST /what-if"] = (Operators, Operators),
        ["GET /survival"] = (Operators, Operators),
        ["POST /survival/fits"] = (Operators, Operators),
        ["GET /repeat-behaviour"] = (Operators, Operators),
        ["POST /repeat-behaviour/fits"] = (Operators, Operators),
        ["GET /funnel"] = (Operators, Operators),
        ["GET /contents/statistics"] = (Members, Members),
        ["GET /contents/{id}/statistics"] = (Members, Members),
        ["GET /recommendations/members/{id}"] = (Members, Operators),
        ["PUT /recommendations/dismissals/{contentId}"] = (Members, Members),
        ["DELETE /recommendations/dismissals/{contentId}"] = (Members, Members),
        ["GET /decisions"] = (Operators, Operators),
        ["GET /decisions/{id}"] = (Operators, Operators),
        ["GET /decisions/{id}/history"] = (Operators, Operators),
        ["POST /decisions/{id}/resolution"] = (Operators, Operators),
        ["GET /members"] = (Operators, Operators),
        ["GET /lifecycle"] = (Operators, Operators),
        ["GET /revenue"] = (Operators, Operators)
    });

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        using var client = analytics.Host.Client();
        Assert.Empty(await Table.Gaps(client));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        using var client = analytics.Host.Client(role == "anonymous" ? null : analytics.Issuer.Token(AnalyticsHost.NewId(), role));
        Assert.Empty(await Table.Faults(role, client, [new("nobody's", IsOwn: false, Fill, IsThere: _ => false)]));
    }

    private static string Fill(string path) =>
        path.Replace("{id}", $"{AnalyticsHost.NewId()}", StringComparison.Ordinal).Replace("{contentId}", $"{AnalyticsHost.NewId()}", StringComparison.Ordinal).Replace("{name}", "nothing", StringComparison.Ordinal);
}
