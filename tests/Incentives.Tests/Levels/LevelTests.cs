using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Incentives.Levels;
using Community.Testing;

namespace Community.Incentives.Tests.Levels;

/// <summary>On a service of its own: it changes the levels.</summary>
public sealed class LevelTests
{
    private static readonly Level[] Scale = [new(1, "new", 0, []), new(2, "known", 10, ["links"]), new(3, "trusted", 20, ["links", "polls"])];

    [Fact]
    public void A_member_has_the_highest_level_whose_points_are_reached_and_never_less_than_the_first()
    {
        var scale = new LevelScale([.. Scale]);
        Assert.Equal([1, 1, 1, 2, 3, 3], new long[] { -5, 0, 9, 10, 20, 999 }.Select(points => scale.At(points).Number));
    }

    [Theory]
    [InlineData("must begin with a level of 0 points", 1, 5)]
    [InlineData("must be numbered from 1 without gaps", 1, 0, 3, 5)]
    [InlineData("must rise", 1, 0, 2, 5, 3, 5)]
    public void What_is_no_scale_is_refused_with_the_reason(string reason, params int[] levels) => Assert.StartsWith(
        reason, LevelScale.Fault([.. levels.Chunk(2).Select(pair => new Level(pair[0], $"level {pair[0]}", pair[1], []))]), StringComparison.Ordinal);

    [Fact]
    public void A_level_is_told_once() => Spec.For(MemberLevel.Decider)
        .Given(new LevelChanged(Guid.Empty, 2, "known", ["links"], DateTimeOffset.MinValue))
        .When(new LevelChanged(Guid.Empty, 2, "known", ["links"], DateTimeOffset.MaxValue))
        .ThenNothing();

    [Fact]
    public async Task Levels_are_set_by_operators_and_told_with_their_perks_as_points_come_and_go()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        using var staff = incentives.Operator;
        var (member, reply) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        await Say(new ReplyAccepted(reply, reply, member, null, DateTimeOffset.UnixEpoch, Imported: true));
        using var refused = await staff.PutAsJsonAsync("/levels", new { levels = new[] { new { level = 1, name = "new", points = 3 } } });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);

        using var set = await staff.PutAsJsonAsync("/levels", new { levels = Scale.Select(level => new { level = level.Number, name = level.Name, points = level.Points, perks = level.Perks }) });
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        await Eventually.Value(() => Task.FromResult(Told(member)), told => told.LastOrDefault() is (2, "links"), "the second level to be told");
        Assert.Equal(2, (await incentives.Points(member)).GetProperty("level").GetInt32());
        Assert.Equal(5, (await incentives.Points(member)).GetProperty("nextLevel").GetProperty("missing").GetInt64());

        using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 5, reason = "For the talk" });
        await Eventually.Value(() => Task.FromResult(Told(member)), told => told.LastOrDefault() is (3, "links polls"), "the third level to be told");
        await Say(new ReplyAcceptanceWithdrawn(reply, reply, member, DateTimeOffset.UnixEpoch.AddDays(1)));
        await Eventually.Value(() => Task.FromResult(Told(member)), told => told.LastOrDefault() is (1, ""), "the first level to be told");
        Assert.Equal([2, 3, 1], Told(member).Select(told => told.Level));

        List<(int Level, string Perks)> Told(Guid of) => [.. incentives.Neighbour.Heard.Select(heard => heard.Fact).OfType<Contracts.LevelChanged>()
            .Where(e => e.MemberId == of).DistinctBy(e => e.Version).OrderBy(e => e.Version).Select(e => (e.Level, string.Join(' ', e.Perks)))];

        async Task Say(object fact)
        {
            var id = IncentivesHost.NewId();
            await incentives.Neighbour.Publish(id, fact);
            await incentives.Consumed([id]);
        }
    }
}
