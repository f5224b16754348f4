using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Leaderboards;

/// <summary>On a service of its own: everybody who earns is on the boards.</summary>
public sealed class LeaderboardTests
{
    private static readonly DateTimeOffset Wednesday = new(2026, 4, 1, 12, 0, 0, TimeSpan.Zero); // the week began in March

    [Fact]
    public async Task Boards_rank_what_was_earned_in_a_week_a_month_and_in_all_without_those_who_do_not_compete()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        var members = Enumerable.Range(0, 6).Select(_ => IncentivesHost.NewId()).ToList();
        var (first, twin, third, staff, gone, shy) = (members[0], members[1], members[2], members[3], members[4], members[5]);
        var reply = IncentivesHost.NewId();
        using var viewer = incentives.Member(third);
        using var hidden = incentives.Member(shy);
        Assert.Equal(HttpStatusCode.NoContent, (await hidden.PutAsJsonAsync("/members/me/leaderboard", new { shown = false })).StatusCode);
        await Say(
            Piece(first, "dotnet"), Piece(twin, "dotnet"), Piece(staff, "dotnet"), Piece(gone, "dotnet"), Piece(shy, "dotnet"),
            Accepted(reply, third, Wednesday), Accepted(IncentivesHost.NewId(), third, Wednesday.AddDays(-2)), // in March
            new RoleGranted(staff, "moderator", Wednesday, 1), new MemberSuspended(gone, null, 1, Wednesday));

        await Shows("week", "", (1, third, 30), (2, first, 20), (2, twin, 20));
        await Shows("month", "", (1, first, 20), (1, twin, 20), (3, third, 15));
        await Shows("all", "", (1, third, 30), (2, first, 20), (2, twin, 20));
        await Shows("all", "dotnet", (1, first, 20), (1, twin, 20));

        // What is taken back leaves the boards of the time in which it was earned.
        await Say(new ReplyAcceptanceWithdrawn(reply, reply, third, Wednesday.AddYears(1)));
        await Shows("month", "", (1, first, 20), (1, twin, 20));
        await Shows("week", "", (1, first, 20), (1, twin, 20), (3, third, 15));

        var own = (await viewer.GetFromJsonAsync<JsonElement>("/leaderboard?period=all")).GetProperty("own");
        Assert.Equal((3, 15, true), (own.GetProperty("rank").GetInt64(), own.GetProperty("points").GetInt64(), own.GetProperty("shown").GetBoolean()));
        Assert.False((await hidden.GetFromJsonAsync<JsonElement>("/leaderboard")).GetProperty("own").GetProperty("shown").GetBoolean());
        Assert.Equal(HttpStatusCode.BadRequest, (await viewer.GetAsync("/leaderboard?period=decade")).StatusCode);

        async Task Shows(string period, string area, params (long, Guid, long)[] expected) => await Eventually.Value(
            async () => string.Join(' ', (await Board(period, area)).Order()), board => board == string.Join(' ', expected.Order()), $"the board of the {period} in '{area}'");

        async Task<List<(long, Guid, long)>> Board(string period, string area)
        {
            var (rows, next) = (new List<(long, Guid, long)>(), "");

            do
            {
                var page = await viewer.GetFromJsonAsync<JsonElement>($"/leaderboard?period={period}&area={area}&on=2026-04-01&limit=1{next}");
                rows.AddRange(page.GetProperty("items").EnumerateArray().Select(row => (row.GetProperty("rank").GetInt64(), row.GetProperty("memberId").GetGuid(), row.GetProperty("points").GetInt64())));
                next = page.GetProperty("next").GetString() is { } cursor ? $"&after={cursor}" : null;
            }
            while (next is not null);

            return rows;
        }

        async Task Say(params object[] facts)
        {
            var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
            await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
            await incentives.Consumed(messages.ConvertAll(message => message.Id));
        }
    }

    private static ContentPublished Piece(Guid author, string topic) => new(IncentivesHost.NewId(), author, "Title", topic, "article", 4, null, Wednesday);

    private static ReplyAccepted Accepted(Guid reply, Guid author, DateTimeOffset at) => new(reply, reply, author, null, at, Imported: true);
}
