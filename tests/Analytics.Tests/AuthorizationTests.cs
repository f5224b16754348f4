using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Community.Analytics.Tests;

/// <summary>Every endpoint, each role. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly string[] Operators = ["operator", "owner"];
    private static readonly string[] Members = ["member", "creator", "expert", "reviewer", "moderator", .. Operators];
    private static readonly string[] Anybody = ["anonymous", .. Members];

    /// <summary>Who may, where it is their own, and where it is another's: here nothing belongs to a member.</summary>
    private static readonly Dictionary<string, (string[] Own, string[] Foreign)> Table = new()
    {
        ["GET /status"] = (Operators, Operators),
        ["GET /projections"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds"] = (Operators, Operators),
        ["GET /projections/{name}/rebuilds/{id}"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds/{id}/cancellation"] = (Operators, Operators),
        ["GET /members/me/export"] = (Members, Members),
        ["POST /activities"] = (Members, Members),
        ["GET /activity"] = (Operators, Operators),
        ["GET /retention"] = (Operators, Operators),
        ["GET /lifecycle"] = (Operators, Operators)
    };

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        using var client = analytics.Host.Client();
        var document = await client.GetFromJsonAsync<JsonObject>("/openapi/v1.json");
        var operations = document!["paths"]!.AsObject().SelectMany(path =>
            path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(Table.Keys.Order(StringComparer.Ordinal), operations.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (me, other) = (AnalyticsHost.NewId(), AnalyticsHost.NewId());
        using var client = analytics.Host.Client(role == "anonymous" ? null : analytics.Issuer.Token(me, role));
        var wrong = new List<string>();

        foreach (var (operation, (own, foreign)) in Table)
        {
            foreach (var (member, allowed) in new[] { (me, role == "anonymous" ? foreign : own), (other, foreign) })
            {
                var (method, path) = (new HttpMethod(operation.Split(' ')[0]), operation.Split(' ')[1]);
                using var request = new HttpRequestMessage(method, Fill(path, member));

                if (method == HttpMethod.Post)
                {
                    request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
                }

                using var answer = await client.SendAsync(request);
                var (status, reason) = ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());

                // What is allowed may fail for other reasons; all but the projections are there.
                var done = status is not (401 or 403 or 404) || (status == 404 && path.StartsWith("/projections/", StringComparison.Ordinal));

                if (done != allowed.Contains(role) || status >= 500)
                {
                    wrong.Add($"{role} {operation} ({(member == me ? "own" : "another's")}): {status} {reason}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string Fill(string path, Guid member) =>
        path.Replace("{id}", member.ToString(), StringComparison.Ordinal).Replace("{name}", "nothing", StringComparison.Ordinal);
}
