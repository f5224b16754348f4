using System.Net.Http.Json;
using Community.Membership.Settings;
using Community.Testing;

namespace Community.Membership.Tests.Settings;

public sealed class SettingsTests(MembershipService membership)
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Olga = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly CommunitySetUp IsSetUp = new("Programmers", Olga, Noon);

    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public void What_is_arranged_as_it_is_changes_nothing() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp)
        .When(new Configure(settings => settings with { TimeZone = "UTC", Languages = ["zh", "en"] }, Olga, Noon))
        .ThenNothing();

    [Fact]
    public void Settings_are_kept_as_a_whole() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp, new CommunityConfigured(CommunitySettings.Initial("Programmers") with { Points = false }, Olga, Noon))
        .When(new Configure(settings => settings with { TimeZone = "Asia/Shanghai" }, Olga, Noon))
        .Then(new CommunityConfigured(new("Programmers", "Asia/Shanghai", "CNY", ["zh", "en"], Registration.Open, Points: false), Olga, Noon));

    [Fact]
    public async Task An_owner_arranges_the_community_and_the_others_hear_of_it()
    {
        await using var host = await MembershipService.StartAnother(new MovableClock(Noon));
        await using var neighbour = await Neighbour.Start(host.Messaging, [], null, typeof(Contracts.CommunityArranged));
        using var anonymous = host.Client();
        await anonymous.PostAsJsonAsync("/setup", MembershipService.Setup("olga@example.org"), Ct).Ok(201);
        using var owner = host.Client((await anonymous.PostAsJsonAsync("/sessions", new { email = "olga@example.org", password = MembershipService.GoodPassword }, Ct).Ok(200)).Text("accessToken"));
        using var seen = await anonymous.GetAsync("/settings", Ct);

        var changed = await owner.PatchAsJsonAsync("/settings", new { name = " 程序员 ", timeZone = "Asia/Shanghai", currency = "EUR", languages = new[] { "en-GB" }, registration = "approval", points = false }, Ct).Ok(200);
        owner.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", seen.Headers.ETag!.Tag);
        await owner.PatchAsJsonAsync("/settings", new { points = true }, Ct).Problem(412, "version-mismatch");

        var told = await anonymous.GetAsync("/settings", Ct).Ok(200);
        Assert.Equal(changed.ToJsonString(), told.ToJsonString());
        Assert.Equal(("程序员", "Asia/Shanghai", "EUR", "approval", false), (told.Text("name"), told.Text("timeZone"), told.Text("currency"), told.Text("registration"), told["points"]!.GetValue<bool>()));
        Assert.Equal(["en-GB"], told.Strings("languages"));
        var heard = await Eventually.Value(
            () => Task.FromResult(neighbour.Heard.Select(said => said.Fact).OfType<Contracts.CommunityArranged>().ToList()),
            facts => facts.Count == 2, "the relay says both arrangements");
        Assert.Equal(("Programmers", "UTC", "open", true, 1L), (heard[0].Name, heard[0].TimeZone, heard[0].Registration, heard[0].Points, heard[0].Version));
        Assert.Equal(("程序员", "Asia/Shanghai", "approval", false, 2L), (heard[1].Name, heard[1].TimeZone, heard[1].Registration, heard[1].Points, heard[1].Version));
    }

    [Theory]
    [InlineData("""{"name":" "}""", "name")]
    [InlineData("""{"timeZone":"Mars/Olympus"}""", "timeZone")]
    [InlineData("""{"timeZone":"../../etc/passwd"}""", "timeZone")]
    [InlineData("""{"timeZone":"China Standard Time"}""", "timeZone")]
    [InlineData("""{"currency":"cny"}""", "currency")]
    [InlineData("""{"languages":[]}""", "languages")]
    [InlineData("""{"languages":["en","en"]}""", "languages")]
    [InlineData("""{"languages":["klingon"]}""", "languages")]
    [InlineData("""{"registration":"closed"}""", "registration")]
    [InlineData("""{"points":"yes"}""", "points")]
    public async Task Bad_settings_name_the_field_and_change_nothing(string body, string field)
    {
        using var owner = membership.Host.Client(membership.Owner.AccessToken);
        var before = await owner.GetAsync("/settings", Ct).Ok(200);

        var problem = await owner.PatchAsync("/settings", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
        Assert.Equal(before.ToJsonString(), (await owner.GetAsync("/settings", Ct).Ok(200)).ToJsonString());
    }

    [Fact]
    public async Task Only_an_owner_arranges()
    {
        var oscar = await membership.Join();
        await membership.Grant(oscar, "operator");
        using var client = membership.Host.Client(await membership.Renew(oscar));

        await client.PatchAsJsonAsync("/settings", new { points = false }, Ct).Problem(403, "forbidden");
    }
}
