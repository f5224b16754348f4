using System.Net.Http.Json;
using Community.Testing;
using static Community.Testing.AccessTable;

namespace Community.Membership.Tests;

/// <summary>Every endpoint, each role, one's own and another's. An endpoint that is not in the table fails the test.</summary>
public sealed class AuthorizationTests(MembershipService membership)
{
    private static readonly string[] Members = AccessTable.Members; // a namespace has the name, too
    private static readonly string[] Owner = ["owner"];
    private static readonly string[] Moderators = ["moderator", .. Operators];

    /// <summary>Who may, where it is their own, and where it is another's.</summary>
    private static readonly AccessTable Table = new(new Dictionary<string, (string[], string[])>
    {
        ["GET /.well-known/openid-configuration"] = (Anybody, Anybody),
        ["GET /.well-known/jwks.json"] = (Anybody, Anybody),
        ["GET /setup"] = (Anybody, Anybody),
        ["POST /setup"] = (Anybody, Anybody),
        ["GET /settings"] = (Anybody, Anybody),
        ["PATCH /settings"] = (Owner, Owner),
        ["POST /imports/members"] = (Nobody, Nobody), // a session has no scope: only a token has
        ["POST /members"] = (Anybody, Anybody),
        ["GET /members"] = (Operators, Operators),
        ["GET /members/{id}"] = (Anybody, Anybody),
        ["GET /members/{id}/avatar"] = (Anybody, Anybody),
        ["GET /members/{id}/history"] = (Members, Operators),
        ["PUT /members/{id}/roles/{role}"] = (Operators, Operators),
        ["DELETE /members/{id}/roles/{role}"] = (Operators, Operators),
        ["POST /members/{id}/suspension"] = (Moderators, Moderators),
        ["DELETE /members/{id}/suspension"] = (Moderators, Moderators),
        ["PUT /members/{id}/tier"] = (Operators, Operators),
        ["DELETE /members/{id}/tier"] = (Operators, Operators),
        ["GET /members/me"] = (Members, Members),
        ["PATCH /members/me"] = (Members, Members),
        ["PUT /members/me/avatar"] = (Members, Members),
        ["DELETE /members/me/avatar"] = (Members, Members),
        ["PUT /members/me/password"] = (Members, Members),
        ["PUT /members/me/email"] = (Members, Members),
        ["POST /members/me/email-confirmation"] = (Members, Members),
        ["GET /members/me/two-factor"] = (Members, Members),
        ["POST /members/me/two-factor"] = (Members, Members),
        ["POST /members/me/two-factor/confirmation"] = (Members, Members),
        ["POST /members/me/two-factor/recovery-codes"] = (Members, Members),
        ["POST /members/me/two-factor/removal"] = (Members, Members),
        ["GET /members/me/sign-ins"] = (Members, Members),
        ["POST /members/me/sign-ins"] = (Members, Members),
        ["DELETE /members/me/sign-ins/{provider}"] = (Members, Members),
        ["POST /members/me/departure"] = (Members, Members),
        ["POST /members/me/erasure"] = (Members, Members),
        ["GET /erasures"] = (Operators, Operators),
        ["POST /erasures"] = (Owner, Owner),
        ["POST /email-confirmations"] = (Anybody, Anybody),
        ["POST /password-resets"] = (Anybody, Anybody),
        ["POST /password-resets/completion"] = (Anybody, Anybody),
        ["GET /outbox"] = (Operators, Operators),
        ["GET /sign-in-providers"] = (Anybody, Anybody),
        ["POST /sign-ins"] = (Anybody, Anybody),
        ["POST /sessions/by-provider"] = (Anybody, Anybody),
        ["POST /sessions"] = (Anybody, Anybody),
        ["POST /sessions/return"] = (Anybody, Anybody),
        ["POST /sessions/refresh"] = (Anybody, Anybody),
        ["GET /sessions"] = (Members, Members),
        ["DELETE /sessions"] = (Members, Members),
        ["DELETE /sessions/current"] = (Members, Members),
        ["DELETE /sessions/{id}"] = (Members, Nobody),
        ["POST /invitations"] = (Members, Members),
        ["GET /invitations"] = (Members, Members),
        ["GET /invitations/{id}"] = (Members, Operators),
        ["DELETE /invitations/{id}"] = (Members, Operators),
        ["GET /applications"] = (Moderators, Moderators),
        ["POST /applications/{id}/approval"] = (Moderators, Moderators),
        ["POST /applications/{id}/refusal"] = (Moderators, Moderators),
        ["POST /tokens"] = (Members, Members),
        ["GET /tokens"] = (Members, Members),
        ["DELETE /tokens/{id}"] = (Members, Operators)
    });

    // After these the session is over, so each has one of its own.
    private static readonly string[] Ends = ["DELETE /sessions/current", "DELETE /sessions", "POST /members/me/departure", "POST /members/me/erasure"];

    /// <summary>What they name is not there in these calls: "not found" is the answer to who may.</summary>
    private static readonly string[] NotThere =
    [
        "GET /members/{id}/avatar", "DELETE /members/me/sign-ins/{provider}", "POST /projections/{name}/rebuilds", "GET /projections/{name}/rebuilds/{id}",
        "POST /projections/{name}/rebuilds/{id}/cancellation"
    ];

    private static CancellationToken Ct => MembershipService.Ct;

    public static TheoryData<string> Roles => [.. Anybody];

    [Fact]
    public async Task Every_endpoint_is_in_the_table()
    {
        using var client = membership.Host.Client();
        Assert.Empty(await Table.Gaps(client));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Each_role_may_what_the_table_says_and_nothing_else(string role)
    {
        var (other, mine) = (await membership.Join("Other", $"table.other.{role}@example.org"), role == "owner" ? membership.Owner : await membership.Join($"The {role}", $"table.{role}@example.org"));
        if (role is not ("member" or "anonymous" or "owner"))
            await membership.Grant(mine, role);
        var wrong = new List<string>();

        foreach (var (operation, (own, foreign)) in Table.Rows.OrderBy(row => Array.IndexOf(Ends, row.Key)))
        {
            foreach (var (isOwn, allowed) in new[] { (true, own), (false, foreign) })
            {
                var (method, path) = (operation.Split(' ')[0], operation.Split(' ')[1]);
                var needsSession = Ends.Contains(operation) && role != "anonymous";
                // The owner is everybody's in these tests and must stay signed in.
                if (needsSession && role == "owner" && operation == "DELETE /sessions")
                    continue;

                var token = role switch
                {
                    "anonymous" => null,
                    "owner" => needsSession ? (await membership.SignIn(EmailOf(role), mine.Id)).AccessToken : mine.AccessToken,
                    _ => needsSession ? await Somebody(role) : await Token(role, mine)
                };
                using var client = membership.Host.Client(token);
                var target = path.Contains('{', StringComparison.Ordinal) ? isOwn && role != "anonymous"
                    ? await Fill(path, mine, EmailOf(role), token!)
                    : await Fill(path, other, $"table.other.{role}@example.org", other.AccessToken) : path;
                using var request = new HttpRequestMessage(new HttpMethod(method), target);
                if (method is "POST" or "PUT" or "PATCH")
                    request.Content = Answers.Json("{}");
                using var answer = await client.SendAsync(request, Ct);

                // What is another's and hidden is not there; what is allowed may fail for other reasons.
                var status = (int)answer.StatusCode;
                var done = status is not (401 or 403 or 404) || (status == 404 && NotThere.Contains(operation) && allowed.Contains(role));
                var reason = await answer.Content.ReadAsStringAsync(Ct);
                if (done != allowed.Contains(role) && !reason.Contains("wrong-", StringComparison.Ordinal))
                    wrong.Add($"{role} {operation} ({(isOwn ? "own" : "another's")}): {status} {reason}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private readonly Dictionary<string, string> _tokens = [];
    private int _people;

    /// <summary>An access token of somebody new with the role, who may be gone by the next call.</summary>
    private async Task<string> Somebody(string role)
    {
        var email = $"table.{role}.{_people++}@example.org";
        var somebody = await membership.Join($"{role} {_people}", email);
        if (role != "member")
            await membership.Grant(somebody, role);

        return (await membership.SignIn(email, somebody.Id)).AccessToken;
    }

    private static string EmailOf(string role) => role == "owner" ? "owner@example.org" : $"table.{role}@example.org";

    private async Task<string> Token(string role, Person mine)
    {
        if (_tokens.TryGetValue(role, out var known))
        {
            using var asker = membership.Host.Client(known);
            using var answer = await asker.GetAsync("/members/me", Ct);
            if (answer.IsSuccessStatusCode)
                return known;
        }

        return _tokens[role] = (await membership.SignIn(EmailOf(role), mine.Id)).AccessToken;
    }

    /// <summary>A path to something of the person's.</summary>
    private async Task<string> Fill(string path, Person person, string email, string token)
    {
        using var client = membership.Host.Client(token);
        var id = path.Split('/')[1] switch
        {
            "tokens" => (await client.PostAsJsonAsync("/tokens", new { name = "x", scopes = new[] { "read" } }, Ct).Ok(201)).Text("tokenId"),
            "invitations" => (await client.PostAsJsonAsync("/invitations", new { }, Ct).Ok(201)).Text("invitationId"),
            // A new one: the one that is used must go on.
            "sessions" => Answers.Claims((await membership.SignIn(email, person.Id)).AccessToken).Text("sid"),
            _ => $"{person.Id}"
        };

        return path.Replace("{id}", id, StringComparison.Ordinal).Replace("{role}", "creator", StringComparison.Ordinal)
            .Replace("{name}", "nothing", StringComparison.Ordinal).Replace("{provider}", "nothing", StringComparison.Ordinal);
    }
}
