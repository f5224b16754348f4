using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Membership.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests;

/// <summary>What staff write about a member: sealed wherever it is kept, and gone with the member.</summary>
public sealed class WordsAboutTests(IncentivesHost incentives)
{
    private const string Name = "Anna Peppercorn";

    [Fact]
    public async Task Reasons_and_notes_are_read_by_whom_they_concern_are_nowhere_in_the_clear_and_go_with_the_member()
    {
        var (member, now) = (IncentivesHost.NewId(), TimeProvider.System.GetUtcNow());
        using var client = incentives.Member(member);
        using var staff = incentives.Operator;
        using var offered = await staff.PostAsJsonAsync("/rewards", new { name = "Scarf", kind = "physical", points = 5 });
        var reward = (await offered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("rewardId").GetGuid();
        using var given = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 20, reason = $"{Name} held the workshop" });
        Assert.Equal(HttpStatusCode.Created, given.StatusCode);

        var (sent, cancelled) = (await Redeem(), await Redeem());
        await Done($"/redemptions/{sent}/fulfilment", new { note = $"By post to {Name}" });
        await Done($"/redemptions/{cancelled}/cancellation", new { reason = $"{Name} has moved" });

        Assert.Equal($"{Name} held the workshop", await Reason());
        Assert.Equal([$"{Name} has moved", $"By post to {Name}"], (await Notes()).Order(StringComparer.Ordinal));
        Assert.Equal(0, await incentives.Scalar<long>($"select count(*) from mt_events where data::text like '%{Name}%'"));
        Assert.Equal(0, await incentives.Scalar<long>($"select count(*) from points_entries e where e::text like '%{Name}%'"));
        Assert.Equal(0, await incentives.Scalar<long>($"select count(*) from redemptions r where r::text like '%{Name}%'"));

        await incentives.Neighbour.Publish(IncentivesHost.NewId(), new MemberErased(member, 1, now));
        await Eventually.Value(Notes, notes => notes.All(note => note is null), "the notes to be gone");
        Assert.Null(await Reason());

        // Whoever writes about them later leaves no key behind.
        using var late = await staff.PostAsJsonAsync($"/members/{member}/points/adjustments", new { points = 1, reason = $"{Name} once more" });
        Assert.Equal(HttpStatusCode.Created, late.StatusCode);
        Assert.Equal(0, await incentives.Scalar<long>("select count(*) from member_keys where member_id = $1", member));

        async Task<Guid> Redeem()
        {
            using var answer = await client.PostAsJsonAsync("/redemptions", new { rewardId = reward, address = "Here" });
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("redemptionId").GetGuid();
        }

        async Task Done(string path, object body)
        {
            using var answer = await staff.PostAsJsonAsync(path, body);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }

        async Task<string?> Reason() => (await staff.GetFromJsonAsync<JsonElement>($"/members/{member}/points/entries")).GetProperty("items").EnumerateArray()
            .Last(entry => entry.GetProperty("kind").GetString() == "adjusted").GetProperty("reason").GetString();

        async Task<IReadOnlyList<string?>> Notes() => [.. (await staff.GetFromJsonAsync<JsonElement>("/redemptions?everybodys=true&limit=100")).GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("memberId").GetGuid() == member).Select(item => item.GetProperty("note").GetString())];
    }

    [Fact]
    public async Task An_adjustment_by_nothing_is_refused()
    {
        using var staff = incentives.Operator;
        using var answer = await staff.PostAsJsonAsync($"/members/{IncentivesHost.NewId()}/points/adjustments", new { points = 0, reason = "Nothing" });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
