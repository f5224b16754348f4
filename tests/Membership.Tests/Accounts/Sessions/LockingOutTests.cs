using System.Net.Http.Json;
using OtpNet;

namespace Community.Membership.Tests.Accounts.Sessions;

/// <summary>The lock that stops guessing must not be a way to keep others out.</summary>
public sealed class LockingOutTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Guesses_from_anywhere_spare_the_networks_and_devices_that_the_member_signed_in_from()
    {
        await using var community = await MembershipService.SetUpAnother();
        (await community.Join("ann")).Client.Dispose();
        using var home = From(community, "198.51.100.7");
        var tokens = await home.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200);

        for (var i = 0; i < 40; i++)
        {
            using var elsewhere = From(community, $"203.0.113.{i}");
            using var wrong = await Try(elsewhere, "wrong harbour 42");
            Assert.Contains((int)wrong.StatusCode, new[] { 401, 429 });
        }

        using var unknown = From(community, "192.0.2.9");
        await Try(unknown, MembershipService.GoodPassword).Problem(429, "too-many-failures");
        await Try(home, MembershipService.GoodPassword).Ok(200);
        await unknown.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword, deviceToken = tokens.Text("deviceToken") }, Ct).Ok(200);

        // A device of another's is none of hers, and a known network guesses no more than any other.
        (await community.Join("bob")).Client.Dispose();
        using var bobs = From(community, "198.51.100.200");
        var bob = await bobs.PostAsJsonAsync("/sessions", new { email = "bob@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200);
        using var another = From(community, "192.0.2.10");
        await another.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword, deviceToken = bob.Text("deviceToken") }, Ct).Problem(429, "too-many-failures");
        for (var i = 0; i < 8; i++)
            await Try(home, "wrong harbour 42").Problem(401, "wrong-credentials");
        await Try(home, MembershipService.GoodPassword).Problem(429, "too-many-failures");

        // Nor does anybody's guess keep who is signed in from another password.
        home.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Text("accessToken"));
        await home.PutAsJsonAsync("/members/me/password", new { currentPassword = MembershipService.GoodPassword, newPassword = "orange lighthouse 7" }, Ct).Ok(204);

        static Task<HttpResponseMessage> Try(HttpClient client, string password) => client.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password }, Ct);
    }

    [Fact]
    public async Task The_addresses_of_one_ipv6_network_are_one_network()
    {
        await using var community = await MembershipService.SetUpAnother();
        for (var i = 0; i < 8; i++)
        {
            using var client = From(community, $"2001:db8:1:2::{i + 1:x}");
            await client.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = "wrong harbour 42" }, Ct).Problem(401, "wrong-credentials");
        }

        using var next = From(community, "2001:db8:1:2:ffff::1");
        await next.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = "wrong harbour 42" }, Ct).Problem(429, "too-many-failures");
        using var neighbour = From(community, "2001:db8:1:3::1");
        await neighbour.PostAsJsonAsync("/sessions", new { email = "owner@example.org", password = "wrong harbour 42" }, Ct).Problem(401, "wrong-credentials");
    }

    [Fact]
    public async Task The_first_of_two_steps_is_no_failure()
    {
        await using var community = await MembershipService.SetUpAnother(configuration: new Dictionary<string, string?> { ["Lockout:Attempts"] = "5", ["Lockout:AttemptsFromNetwork"] = "8" });
        var (ann, _) = await community.Join("ann");
        var enrolment = await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var totp = new Totp(Base32Encoding.ToBytes(enrolment.Text("secret")));
        await ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = Code() }, Ct).Ok(200);
        using var office = From(community, "198.51.100.8");

        for (var i = 0; i < 12; i++)
            await SignIn(null).Problem(401, "one-time-code-required");

        community.Clock.Advance(TimeSpan.FromSeconds(30));
        await SignIn(Wide(Code())).Ok(200);

        // A wrong code is one.
        for (var i = 0; i < 5; i++)
            await SignIn("000000").Problem(401, "wrong-one-time-code");
        await SignIn(null).Problem(429, "too-many-failures");
        ann.Dispose();

        string Code() => totp.ComputeTotp(community.Clock.GetUtcNow().UtcDateTime).Insert(3, " "); // as authenticators show it

        static string Wide(string digits) => string.Concat(digits.Select(c => char.IsAsciiDigit(c) ? (char)(c - '0' + '０') : c)); // as some keyboards write them

        Task<HttpResponseMessage> SignIn(string? oneTimeCode) =>
            office.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword, oneTimeCode }, Ct);
    }

    [Fact]
    public async Task A_mailbox_gets_few_mails_that_nobody_there_has_asked_for()
    {
        await using var community = await MembershipService.SetUpAnother();
        using var anonymous = community.Host.Client();
        var joined = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => anonymous.PostAsJsonAsync(
            "/members", new { email = $"{(i % 2 == 0 ? "Victim" : "victim")}+{i}@example.org", password = MembershipService.GoodPassword, displayName = $"Number {i}" }, Ct).Ok(201)));
        foreach (var i in Enumerable.Range(0, 9))
            await anonymous.PostAsJsonAsync("/password-resets", new { email = $"victim+{i}@example.org" }, Ct).Ok(202);
        (await community.Join("other")).Client.Dispose();

        using var owner = await community.SignIn("owner@example.org");
        var mails = (await owner.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray().Select(mail => (To: mail!.Text("to").Split('+')[0].ToLowerInvariant(), Kind: mail!.Text("kind"))).ToArray();
        Assert.Equal(5, mails.Count(mail => mail == ("victim", "confirmAddress")));
        Assert.Equal(5, mails.Count(mail => mail == ("victim", "resetPassword")));
        Assert.Single(mails, mail => mail.To == "other@example.org");
        Assert.Equal(9, joined.Length);

        community.Clock.Advance(TimeSpan.FromHours(2));
        await anonymous.PostAsJsonAsync("/password-resets", new { email = "victim+1@example.org" }, Ct).Ok(202);
        using var later = await community.SignIn("owner@example.org");
        Assert.Equal("victim+1@example.org", (await later.GetAsync("/outbox?limit=1", Ct).Ok(200))["items"]![0]!.Text("to"), ignoreCase: true);
    }

    [Theory]
    [InlineData("ann@127.0.0.1")]
    [InlineData("ann@[127.0.0.1]")]
    [InlineData("ann@[IPv6:2001:db8::1]")]
    [InlineData("ann@localhost")]
    [InlineData("ann@example")]
    [InlineData("ann@example.org.")]
    [InlineData("ann@.example.org")]
    [InlineData("ann@exa_mple.org")]
    [InlineData("ann@-example.org")]
    [InlineData("ann@example.123")]
    [InlineData("ann@0x7f.1")]
    public async Task Addresses_that_lead_into_the_house_are_refused_by_syntax(string email)
    {
        using var anonymous = membership.Host.Client();

        var problem = await anonymous.PostAsJsonAsync("/members", new { email, password = MembershipService.GoodPassword, displayName = "Ann" }, Ct).Problem(400, "validation-failed");

        Assert.Equal(["email"], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    private static HttpClient From(AnotherCommunity community, string address)
    {
        var client = community.Host.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);

        return client;
    }
}
