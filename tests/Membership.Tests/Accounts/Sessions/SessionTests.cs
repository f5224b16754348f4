using System.Net.Http.Json;
using System.Security.Cryptography;
using Community.Membership.Accounts.SignIn;
using Community.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Community.Membership.Tests.Accounts.Sessions;

public sealed class SessionTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task A_session_gives_a_token_for_a_quarter_of_an_hour()
    {
        var ann = await membership.Join("Ann", "ann.session@example.org");
        using var client = membership.Host.Client();
        using var answer = await client.PostAsJsonAsync("/sessions", new { email = "ANN.Session@example.org", password = MembershipService.GoodPassword }, Ct);
        var tokens = await Task.FromResult(answer).Ok(200);
        var claims = Answers.Claims(tokens.Text("accessToken"));

        Assert.Equal("Bearer", tokens.Text("tokenType"));
        Assert.Equal(900, tokens["expiresIn"]!.GetValue<int>());
        Assert.Equal(900, claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>());
        Assert.Equal(ann.Id, claims.Id("sub"));
        Assert.Equal("Ann", claims.Text("name"));
        Assert.Equal(["member"], claims.Strings("role"));
        Assert.NotEqual(Guid.Empty, claims.Id("sid"));
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Theory]
    [InlineData("nobody@example.org", "violet harbour 42")]
    [InlineData("owner@example.org", "wrong harbour 42")]
    [InlineData("owner@example.org", "VIOLET HARBOUR 42")]
    public async Task Wrong_credentials_are_all_answered_alike(string email, string password)
    {
        using var client = membership.Host.Client();

        var problem = await client.PostAsJsonAsync("/sessions", new { email, password }, Ct).Problem(401, "wrong-credentials");

        Assert.Equal("The address or the password is wrong.", problem.Text("detail"));
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_a_copy_ends_the_session()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client();

        var second = await Refresh(client, ann.RefreshToken).Ok(200);
        var third = await Refresh(client, second.Text("refreshToken")).Ok(200);
        await Refresh(client, ann.RefreshToken).Problem(401, "refresh-token-invalid");
        await Refresh(client, third.Text("refreshToken")).Problem(401, "refresh-token-invalid");
        await Refresh(client, "never-made").Problem(401, "refresh-token-invalid");
        using var ended = membership.Host.Client(third.Text("accessToken"));
        await ended.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
    }

    [Fact]
    public async Task Of_many_refreshes_with_one_token_at_once_at_most_one_succeeds()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Refresh(client, ann.RefreshToken)));

        Assert.Single(answers, answer => answer.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_no_other()
    {
        var ann = await membership.Join("Ann", "two.sessions@example.org");
        var elsewhere = await membership.SignIn("two.sessions@example.org", ann.Id);
        using var here = membership.Host.Client(ann.AccessToken);
        using var there = membership.Host.Client(elsewhere.AccessToken);

        await here.DeleteAsync("/sessions/current", Ct).Ok(204);

        await here.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        await Refresh(here, ann.RefreshToken).Problem(401, "refresh-token-invalid");
        await there.GetAsync("/members/me", Ct).Ok(200);
    }

    [Fact]
    public async Task However_a_session_is_ended_the_other_services_are_told()
    {
        await using var neighbour = await Neighbour.Start(membership.Host.Messaging, [], null, typeof(Contracts.SessionEnded));
        var kept = await membership.Join("Ann", "told.sessions@example.org");
        var ended = new List<Guid>();
        using var here = membership.Host.Client(kept.AccessToken);

        var signedOut = await Another();
        using (var there = membership.Host.Client(signedOut.AccessToken))
        {
            await there.DeleteAsync("/sessions/current", Ct).Ok(204);
        }

        await here.DeleteAsync($"/sessions/{Session(await Another())}", Ct).Ok(204);
        var stolen = await Another();
        await Refresh(here, stolen.RefreshToken).Ok(200);
        await Refresh(here, stolen.RefreshToken).Problem(401, "refresh-token-invalid");
        await Another();
        await Another();
        await here.DeleteAsync("/sessions", Ct).Ok(204);
        await Another();
        await here.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct).Ok(204);

        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).OfType<Contracts.SessionEnded>().Where(told => ended.Contains(told.SessionId)).ToList()),
            told => told.Count >= ended.Count, "all ends to be told");
        Assert.Equal(ended.Order(), heard.Select(told => told.SessionId).Order());
        Assert.All(heard, told => Assert.Equal(Answers.Claims(kept.AccessToken)["exp"]!.GetValue<long>(), told.ExpiresAt.ToUnixTimeSeconds())); // the clock stands
        Assert.DoesNotContain(neighbour.Heard, said => said.Fact is Contracts.SessionEnded told && told.SessionId == Session(kept));
        await here.GetAsync("/members/me", Ct).Ok(200);

        async Task<Person> Another()
        {
            var person = await membership.SignIn("told.sessions@example.org", kept.Id);
            ended.Add(Session(person));

            return person;
        }

        static Guid Session(Person person) => Answers.Claims(person.AccessToken).Id("sid");
    }

    [Fact]
    public async Task A_token_forged_from_our_public_key_is_refused()
    {
        using var client = membership.Host.Client();
        var key = (await client.GetAsync("/.well-known/jwks.json", Ct).Ok(200))["keys"]![0]!;
        var parts = membership.Owner.AccessToken.Split('.');
        using var hmac = new HMACSHA256(Base64UrlEncoder.DecodeBytes(key.Text("x")));
        var header = Base64UrlEncoder.Encode($$"""{"alg":"HS256","typ":"at+jwt","kid":"{{key.Text("kid")}}"}""");
        var signature = Base64UrlEncoder.Encode(hmac.ComputeHash(System.Text.Encoding.ASCII.GetBytes($"{header}.{parts[1]}")));
        string[] forged =
        [
            "garbage",
            $"{header}.{parts[1]}.{signature}",
            $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.",
            $"{parts[0]}.{Base64UrlEncoder.Encode("""{"sub":"x"}""")}.{parts[2]}"
        ];

        foreach (var token in forged)
        {
            using var thief = membership.Host.Client(token);
            await thief.GetAsync("/members/me", Ct).Problem(401, "unauthenticated");
        }
    }

    [Fact]
    public async Task Huge_bodies_are_refused()
    {
        using var client = membership.Host.Client();

        await client.PostAsync("/sessions", Answers.Json($$"""{"email":"{{new string('x', 3_000_000)}}","password":"x"}"""), Ct).Problem(413, "body-too-large");
    }

    [Theory]
    [InlineData("correct horse battery", null)]
    [InlineData("密码是一个很长的句子", null)]
    [InlineData("Tr0ub4dor&3", null)]
    [InlineData("seven77", "must be at least 8 characters")]
    [InlineData("Password1", "is too common or too simple")]
    [InlineData("woaini1314", "is too common or too simple")]
    [InlineData("98765432", "is too common or too simple")]
    [InlineData("poiuytrewq", "is too common or too simple")]
    [InlineData("12121212121212", "is too common or too simple")]
    public void Passwords_are_judged_by_what_everybody_chooses(string password, string? fault) =>
        Assert.Equal(fault, PasswordAttribute.Fault(password));

    private static Task<HttpResponseMessage> Refresh(HttpClient client, string token) =>
        client.PostAsJsonAsync("/sessions/refresh", new { refreshToken = token }, Ct);
}
