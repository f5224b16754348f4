using System.Collections.Concurrent;
using System.Net.Http.Json;
using Community.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Community.Membership.Tests.Mail;

public sealed class MailTests
{

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task An_address_is_confirmed_by_the_link_that_was_mailed_once()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var anonymous = community.Host.Client();
        Assert.False((await ann.GetAsync("/members/me", Ct).Ok(200))["emailConfirmed"]!.GetValue<bool>());
        Assert.False((await anonymous.GetAsync($"/members/{id}", Ct).Ok(200)).AsObject().ContainsKey("emailConfirmed"));

        var first = await community.TokenOf(id, "confirmAddress");
        community.Clock.Advance(TimeSpan.FromMinutes(1));
        await ann.PostAsync("/members/me/email-confirmation", null, Ct).Ok(202);
        var second = await community.TokenOf(id, "confirmAddress");
        Assert.NotEqual(first, second);
        await anonymous.PostAsJsonAsync("/email-confirmations", new { token = "garbage" }, Ct).Problem(404, "link-invalid");
        await anonymous.PostAsJsonAsync("/email-confirmations", new { token = second }, Ct).Ok(204);
        await anonymous.PostAsJsonAsync("/email-confirmations", new { token = second }, Ct).Problem(404, "link-invalid");
        await anonymous.PostAsJsonAsync("/email-confirmations", new { token = first }, Ct).Problem(404, "link-invalid");

        Assert.True((await ann.GetAsync("/members/me", Ct).Ok(200))["emailConfirmed"]!.GetValue<bool>());
        await ann.PostAsync("/members/me/email-confirmation", null, Ct).Problem(409, "address-confirmed");
        ann.Dispose();
    }

    [Fact]
    public async Task A_link_is_good_for_its_time_only()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        var token = await community.TokenOf(id, "confirmAddress");
        using var anonymous = community.Host.Client();

        community.Clock.Advance(TimeSpan.FromDays(3));

        await anonymous.PostAsJsonAsync("/email-confirmations", new { token }, Ct).Problem(404, "link-invalid");
        ann.Dispose();
    }

    [Fact]
    public async Task Operators_see_the_outbox_but_not_what_would_make_them_more()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (plain, _) = await community.Join("plain");
        var (oscar, oscarId) = await community.Join("oscar", "operator");
        await oscar.PostAsJsonAsync("/password-resets", new { email = "owner@example.org" }, Ct).Ok(202);
        await oscar.PostAsJsonAsync("/password-resets", new { email = "plain@example.org" }, Ct).Ok(202);
        using var owner = await community.SignIn("owner@example.org");

        await plain.GetAsync("/outbox", Ct).Problem(403, "forbidden");
        var seen = (await oscar.GetAsync("/outbox", Ct).Ok(200))["items"]!.AsArray();
        var all = (await owner.GetAsync("/outbox", Ct).Ok(200))["items"]!.AsArray();

        Assert.Equal(4, seen.Count);
        Assert.All(seen.Where(mail => mail!.Id("memberId") == community.Owner || mail!.Id("memberId") == oscarId), mail => Assert.Null(mail!["text"]));
        Assert.Contains(seen, mail => mail!.Text("kind") == "resetPassword" && (string?)mail!["to"] == "plain@example.org" && mail.Text("state") == "waiting");
        Assert.All(all, mail => Assert.NotNull(mail!["text"]));
        oscar.Dispose();
        plain.Dispose();
    }

    [Fact]
    public async Task Mail_is_in_the_members_language_and_nothing_of_it_stands_in_the_clear()
    {
        await using var community = await MembershipService.SetUpAnother(new { name = "程序员" });
        using var anonymous = community.Host.Client();
        anonymous.DefaultRequestHeaders.AcceptLanguage.ParseAdd("fr, en;q=0.5, zh-CN;q=0.8");
        await anonymous.PostAsJsonAsync("/members", new { email = "findme@example.org", password = MembershipService.GoodPassword, displayName = "王安" }, Ct).Ok(201);
        anonymous.DefaultRequestHeaders.AcceptLanguage.Clear();
        anonymous.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en-GB");
        await anonymous.PostAsJsonAsync("/members", new { email = "bob@example.org", password = MembershipService.GoodPassword, displayName = "Bob" }, Ct).Ok(201);
        using var owner = await community.SignIn("owner@example.org");

        var mails = (await owner.GetAsync("/outbox", Ct).Ok(200))["items"]!.AsArray();

        // The clock stands still, so their order is by chance.
        var bob = Assert.Single(mails, mail => mail!.Text("to") == "bob@example.org")!;
        Assert.Equal("程序员: please confirm your address", bob.Text("subject"));
        Assert.StartsWith("Hello Bob,", bob.Text("text"), StringComparison.Ordinal);
        var wang = Assert.Single(mails, mail => mail!.Text("to") == "findme@example.org")!;
        Assert.Equal("程序员：请确认您的邮箱", wang.Text("subject"));
        Assert.StartsWith("王安，您好：", wang.Text("text"), StringComparison.Ordinal);
        var token = wang.Text("text").Split("token=")[1].Split('\n')[0];
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        foreach (var table in new[] { "mails", "mail_links", "sign_in_failures", "sessions" })
        {
            await using var search = database.CreateCommand($"select count(*) from {table} t where t::text ~* 'findme|王安|confirm-email' or position($1 in t::text) > 0");
            search.Parameters.Add(new() { Value = token });
            Assert.Equal(0L, await search.ExecuteScalarAsync(Ct));
        }
    }

    [Fact]
    public async Task Where_nobody_sends_mail_the_log_of_a_development_run_tells_each_link_once_and_nobodys_name()
    {
        var clock = new MovableClock(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
        using var log = new Lines();
        await using var host = await ServiceHost<Program>.Start("membership", issuer: null, configure: services => services
            .Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)).AddSingleton<ILoggerProvider>(log));
        using var client = host.Client();
        var id = (await client.PostAsJsonAsync("/members", new { email = "findme@example.org", password = MembershipService.GoodPassword, displayName = "Findme" }, Ct).Ok(201)).Id("memberId");

        await Eventually.True(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(log.Written.Any(line => line.Contains("/confirm-email?token=", StringComparison.Ordinal)));
            }, "the log tells the link");

        var told = Assert.Single(log.Written, line => line.Contains("/confirm-email?token=", StringComparison.Ordinal));
        Assert.Contains($"{id}", told, StringComparison.Ordinal);
        await client.PostAsJsonAsync("/email-confirmations", new { token = told.Split("token=")[1] }, Ct).Ok(204);
        Assert.DoesNotContain(log.Written, line => line.Contains("findme", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Two_replicas_send_each_mail_once_also_where_the_server_was_away()
    {
        await using var server = await MailServer.Start();
        server.Refuses = 3;
        var smtp = new Dictionary<string, string?> { ["Smtp:Host"] = "127.0.0.1", ["Smtp:Port"] = $"{server.Port}", ["Smtp:Security"] = "None", ["Smtp:From"] = "club@example.com", ["Setup:Token"] = MembershipService.SetupToken };
        await using var community = await MembershipService.SetUpAnother(configuration: smtp);
        await using var replica = await MembershipService.StartAnother(community.Clock, community.Host.Database, smtp);
        using var anonymous = community.Host.Client();
        foreach (var i in Enumerable.Range(0, 20))
            await anonymous.PostAsJsonAsync("/members", new { email = $"m{i}@example.org", password = MembershipService.GoodPassword, displayName = $"M{i}" }, Ct).Ok(201);
        using var owner = await community.SignIn("owner@example.org");

        var all = await Eventually.Value(
            async () =>
            {
                community.Clock.Advance(TimeSpan.FromSeconds(5));
                using var again = await community.SignIn("owner@example.org");
                return (await again.GetAsync("/outbox?limit=100", Ct).Ok(200))["items"]!.AsArray();
            },
            mails => mails.All(mail => mail!.Text("state") == "sent"), "all mails are sent");

        Assert.Equal(20, all.Count);
        Assert.All(all, mail => Assert.Null(mail!["text"]));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"m{i}@example.org").Order(), server.Received.Select(mail => mail.To).Order());
        Assert.All(server.Received, mail => Assert.Contains("From: club@example.com", mail.Data, StringComparison.Ordinal));
        Assert.Equal(20, server.Received.Select(mail => mail.Data.Split("Message-Id: ")[1].Split('\n')[0]).Distinct().Count());
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var left = database.CreateCommand("select count(*) from mails where letter is not null");
        Assert.Equal(0L, await left.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task What_a_replica_was_sending_when_it_died_is_not_sent_again()
    {
        await using var server = await MailServer.Start();
        var smtp = new Dictionary<string, string?> { ["Smtp:Host"] = "127.0.0.1", ["Smtp:Port"] = $"{server.Port}", ["Smtp:Security"] = "None" };
        await using var community = await MembershipService.SetUpAnother();
        var (ann, annsId) = await community.Join("ann");
        var (bob, _) = await community.Join("bob");
        // As a replica leaves it that dies after it began to send, and one that dies before.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var died = database.CreateCommand("update mails set leased_until = $1, attempts = 1, sending_at = case when member_id = $2 then $1 end");
        died.Parameters.Add(new() { Value = community.Clock.GetUtcNow().AddMinutes(2) });
        died.Parameters.Add(new() { Value = annsId });
        await died.ExecuteNonQueryAsync(Ct);

        await using var replica = await MembershipService.StartAnother(community.Clock, community.Host.Database, smtp);
        await Eventually.True(
            () =>
            {
                community.Clock.Advance(TimeSpan.FromSeconds(20));
                return Task.FromResult(!server.Received.IsEmpty);
            }, "the mail that nobody was sending is sent");

        using var owner = await community.SignIn("owner@example.org");
        var states = await Eventually.Value(
            async () => (await owner.GetAsync("/outbox", Ct).Ok(200))["items"]!.AsArray().Select(mail => mail!.Text("state")).ToArray(),
            states => states.Contains("sent"), "the outbox tells");
        Assert.Equal(["sent", "uncertain"], states.Order());
        Assert.Equal("bob@example.org", Assert.Single(server.Received).To);
        ann.Dispose();
        bob.Dispose();
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
