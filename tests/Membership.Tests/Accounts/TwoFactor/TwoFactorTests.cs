using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Community.Membership.Accounts.TwoFactor;
using Community.Membership.Members;
using Community.Testing;
using Npgsql;
using OtpNet;
using ZXing;

namespace Community.Membership.Tests.Accounts.TwoFactor;

public sealed partial class TwoFactorTests
{
    private static CancellationToken Ct => MembershipService.Ct;

    /// <summary>RFC 6238, appendix B, for SHA-1; it shows eight digits, and the code of six is their end.</summary>
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void Codes_are_those_of_the_RFC(long seconds, string code) =>
        Assert.Equal(code[2..], SecondFactor.Totp(Encoding.ASCII.GetBytes("12345678901234567890")).ComputeTotp(DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime));

    [Fact]
    public async Task With_one_time_codes_on_a_password_is_not_enough()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        using var anonymous = community.Host.Client();
        Assert.False((await ann.GetAsync("/members/me/two-factor", Ct).Ok(200))["enabled"]!.GetValue<bool>());
        await ann.PostAsJsonAsync("/members/me/two-factor", new { password = "wrong" }, Ct).Problem(403, "wrong-password");

        var enrolment = await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var totp = new Totp(Base32Encoding.ToBytes(enrolment.Text("secret")));
        Assert.Equal($"otpauth://totp/Programmers:ann%40example.org?secret={enrolment.Text("secret")}&issuer=Programmers&algorithm=SHA1&digits=6&period=30", enrolment.Text("uri"));
        Assert.Equal(enrolment.Text("uri"), Scan(enrolment.Text("qrCode")));
        (await community.SignIn("ann@example.org")).Dispose(); // not on yet
        await ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = "000000" }, Ct).Problem(403, "wrong-one-time-code");
        var codes = (await ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = Code() }, Ct).Ok(200)).Strings("recoveryCodes");
        Assert.Equal(10, codes.Distinct().Count());

        await SignIn(null).Problem(401, "one-time-code-required");
        await SignIn(Code()).Problem(401, "wrong-one-time-code"); // of a step that was used by the confirmation
        await SignIn("000000").Problem(401, "wrong-one-time-code");
        community.Clock.Advance(TimeSpan.FromSeconds(30));
        var good = Code();
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => SignIn(good)));
        Assert.Equal([200, 401, 401], answers.Select(answer => (int)answer.StatusCode).Order());
        await SignIn(totp.ComputeTotp(community.Clock.GetUtcNow().AddSeconds(-30).UtcDateTime)).Problem(401, "wrong-one-time-code"); // of an earlier step
        await anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = "wrong harbour", oneTimeCode = "000000" }, Ct).Problem(401, "wrong-credentials");

        // Recovery codes, as people type them, once each.
        await SignIn(codes[0].ToUpperInvariant()).Ok(200);
        await SignIn(codes[0]).Problem(401, "wrong-one-time-code");
        Assert.Equal(9, (await ann.GetAsync("/members/me/two-factor", Ct).Ok(200))["recoveryCodesLeft"]!.GetValue<int>());
        community.Clock.Advance(TimeSpan.FromSeconds(60));
        var renewed = (await ann.PostAsJsonAsync("/members/me/two-factor/recovery-codes", new { oneTimeCode = Code() }, Ct).Ok(200)).Strings("recoveryCodes");
        await SignIn(codes[1]).Problem(401, "wrong-one-time-code");
        await SignIn(renewed[0].Replace("-", " ", StringComparison.Ordinal)).Ok(200);

        await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Problem(409, "two-factor-on");
        await ann.PostAsJsonAsync("/members/me/two-factor/removal", new { password = "wrong" }, Ct).Problem(403, "wrong-password");
        await ann.PostAsJsonAsync("/members/me/two-factor/removal", new { password = MembershipService.GoodPassword }, Ct).Ok(204);
        await SignIn(null).Ok(200);
        Assert.Equal(["two-factor-turned-on.v1", "two-factor-turned-off.v1"], (await ann.GetAsync($"/members/{id}/history", Ct).Ok(200))["items"]!.AsArray().Select(item => item!.Text("type")).TakeLast(2));
        ann.Dispose();

        string Code() => totp.ComputeTotp(community.Clock.GetUtcNow().UtcDateTime);

        Task<HttpResponseMessage> SignIn(string? oneTimeCode) =>
            anonymous.PostAsJsonAsync("/sessions", new { email = "ann@example.org", password = MembershipService.GoodPassword, oneTimeCode }, Ct);
    }

    [GeneratedRegex(@"M(\d+) (\d+)h(\d+)v1h-\d+z")]
    private static partial Regex Strip();

    /// <summary>As a phone does it, by the pixels.</summary>
    private static string? Scan(string svg)
    {
        const int Scale = 4;
        var picture = XDocument.Parse(svg).Root!;
        var size = Scale * int.Parse(((string)picture.Attribute("viewBox")!).Split(' ')[2], CultureInfo.InvariantCulture);
        var pixels = new byte[size * size];
        Array.Fill(pixels, byte.MaxValue);
        var dark = (string)picture.Descendants().Single(e => e.Name.LocalName == "path").Attribute("d")!;

        // Its black part is strips, each a module high.
        foreach (var strip in Strip().Matches(dark).Select(match => match.Groups.Values.Skip(1).Select(value => Scale * int.Parse(value.Value, CultureInfo.InvariantCulture)).ToList()))
        {
            for (var row = strip[1]; row < strip[1] + Scale; row++)
            {
                Array.Fill(pixels, (byte)0, row * size + strip[0], strip[2]);
            }
        }

        return new BarcodeReaderGeneric().Decode(new RGBLuminanceSource(pixels, size, size, RGBLuminanceSource.BitmapFormat.Gray8))?.Text;
    }

    [Fact]
    public async Task Recovery_codes_are_answered_only_where_they_were_stored()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        var enrolment = await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var code = new Totp(Base32Encoding.ToBytes(enrolment.Text("secret"))).ComputeTotp(community.Clock.GetUtcNow().UtcDateTime);

        await AnotherReplica.IsQuicker(
            community.Host, id, [new TwoFactorTurnedOn(community.Clock.GetUtcNow())],
            () => ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = code }, Ct)).Problem(409, "two-factor-on");

        Assert.Equal(0, (await ann.GetAsync("/members/me/two-factor", Ct).Ok(200))["recoveryCodesLeft"]!.GetValue<int>());
        ann.Dispose();
    }

    [Fact]
    public async Task Of_recovery_codes_that_two_replicas_renew_at_once_one_set_is_good()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, id) = await community.Join("ann");
        var enrolment = await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var totp = new Totp(Base32Encoding.ToBytes(enrolment.Text("secret")));
        await ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = Code() }, Ct).Ok(200);
        community.Clock.Advance(TimeSpan.FromMinutes(1));

        // Both have begun to delete the old codes before either has stored its own.
        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        await using var connection = await database.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using (var hold = new NpgsqlCommand("select hash from recovery_codes where member_id = $1 for update", connection) { Parameters = { new() { Value = id } } })
            await hold.ExecuteNonQueryAsync(Ct);
        var first = ann.PostAsJsonAsync("/members/me/two-factor/recovery-codes", new { oneTimeCode = Code() }, Ct);
        await Waiting(1);
        community.Clock.Advance(TimeSpan.FromSeconds(30));
        var second = ann.PostAsJsonAsync("/members/me/two-factor/recovery-codes", new { oneTimeCode = Code() }, Ct);
        await Waiting(2);
        await transaction.CommitAsync(Ct);
        await first.Ok(200);
        await second.Ok(200);

        Assert.Equal(10, (await ann.GetAsync("/members/me/two-factor", Ct).Ok(200))["recoveryCodesLeft"]!.GetValue<int>());
        ann.Dispose();

        string Code() => totp.ComputeTotp(community.Clock.GetUtcNow().UtcDateTime);

        Task<int> Waiting(int requests) => Eventually.Value(
            async () =>
            {
                await using var count = database.CreateCommand(
                    "select count(*)::int from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0");

                return (int)(await count.ExecuteScalarAsync(Ct))!;
            },
            waiting => waiting >= requests, $"{requests} requests to wait for the codes");
    }

    [Fact]
    public async Task Neither_the_secret_nor_recovery_codes_stand_in_the_database()
    {
        await using var community = await MembershipService.SetUpAnother();
        var (ann, _) = await community.Join("ann");
        var enrolment = await ann.PostAsJsonAsync("/members/me/two-factor", new { password = MembershipService.GoodPassword }, Ct).Ok(200);
        var secret = Base32Encoding.ToBytes(enrolment.Text("secret"));
        var codes = (await ann.PostAsJsonAsync("/members/me/two-factor/confirmation", new { oneTimeCode = new Totp(secret).ComputeTotp(community.Clock.GetUtcNow().UtcDateTime) }, Ct).Ok(200)).Strings("recoveryCodes");

        await using var database = NpgsqlDataSource.Create(community.Host.Database);
        foreach (var table in new[] { "two_factor", "recovery_codes", "mt_events" })
        {
            foreach (var form in new[] { enrolment.Text("secret"), Convert.ToBase64String(secret), Convert.ToHexStringLower(secret), codes[0], codes[0].Replace("-", "", StringComparison.Ordinal) })
            {
                await using var search = database.CreateCommand($"select count(*) from {table} t where position($1 in t::text) > 0");
                search.Parameters.Add(new() { Value = form });
                Assert.Equal(0L, await search.ExecuteScalarAsync(Ct));
            }
        }

        ann.Dispose();
    }
}
