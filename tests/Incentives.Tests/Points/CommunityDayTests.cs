using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Testing;
using Npgsql;

namespace Community.Incentives.Tests.Points;

public sealed class CommunityDayTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset LateInTheEvening = new(2026, 5, 1, 15, 30, 0, TimeSpan.Zero); // in Shanghai half past eleven
    private static readonly DateTimeOffset AfterMidnight = LateInTheEvening.AddHours(1);

    [Fact]
    public async Task Caps_are_of_the_community_s_day()
    {
        await using var host = await ServiceHost<Program>.Start("incentives", incentives.Issuer);
        await using var others = await Neighbour.Start(host.Messaging, ["content", "payments", "membership"], []);
        await Say(new CommunityArranged("Ours", "Asia/Shanghai", "CNY", ["zh"], "open", true, 1, LateInTheEvening.AddYears(1)));
        await ZoneIsKnown();
        var (member, other) = (IncentivesHost.NewId(), IncentivesHost.NewId());

        // One day of UTC, and two of the community: each has a cap of its own. Two of UTC are one of it.
        await Say([.. Enumerable.Range(0, 6).SelectMany(n => new object[] { View(member, LateInTheEvening.AddSeconds(n)), View(member, AfterMidnight.AddSeconds(n)) })]);
        await Say([.. Enumerable.Range(0, 6).SelectMany(n => new object[] { View(other, AfterMidnight.AddSeconds(n)), View(other, AfterMidnight.AddHours(8).AddSeconds(n)) })]);
        await Eventually.Value(async () => (await Balance(member), await Balance(other)), now => now == (6, 3), "two caps of a day and one");

        async Task Say(params object[] facts)
        {
            var messages = new List<Guid>();

            foreach (var fact in facts)
            {
                var id = IncentivesHost.NewId();
                await others.Publish(id, fact);
                messages.Add(id);
            }

            await using var database = NpgsqlDataSource.Create(host.Database);
            await using var select = database.CreateCommand("select count(distinct message_id) from inbox where message_id = any($1)");
            select.Parameters.Add(new() { Value = messages.ToArray() });
            await Eventually.Value(
                async () => (long)(await select.ExecuteScalarAsync())!, count => count == messages.Count, $"{messages.Count} messages to be consumed");
        }

        // Two consumers hear of settings: that one of them has done so says nothing of the zone.
        async Task ZoneIsKnown()
        {
            await using var database = NpgsqlDataSource.Create(host.Database);
            await using var zones = database.CreateCommand("select count(*) from community_zones");
            await Eventually.Value(async () => (long)(await zones.ExecuteScalarAsync())!, count => count == 1, "the zone to be known");
        }

        async Task<long> Balance(Guid of) =>
            (await host.Client(incentives.Issuer.Token(IncentivesHost.NewId(), "operator")).GetFromJsonAsync<JsonElement>($"/members/{of}/points")).GetProperty("balance").GetInt64();
    }

    private static ContentViewed View(Guid member, DateTimeOffset at) => new(IncentivesHost.NewId(), member, at);
}
