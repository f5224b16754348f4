using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Community.Testing;

namespace Community.Incentives.Tests.Badges;

public sealed class BadgeImportTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset At = new(2017, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Badges_are_taken_once_and_counted()
    {
        var member = IncentivesHost.NewId();
        var items = Enumerable.Range(0, 500).Select(i => Item(member, i % 2 == 0 ? "Teacher" : "Scholar")).ToList();
        using var importer = incentives.Importer();
        var first = await Import(importer, items);
        var second = await Import(importer, [.. items, .. Array.Empty<object>()]);

        Assert.Equal((500, 0, 0), first);
        Assert.Equal((0, 500, 0), second);

        var badges = (await incentives.Points(member)).GetProperty("badges").EnumerateArray().Select(b => (b.GetProperty("name").GetString(), b.GetProperty("count").GetInt64()));
        Assert.Equal([("Scholar", 250L), ("Teacher", 250L)], badges);
        var catalogue = await incentives.Operator.GetFromJsonAsync<JsonElement>("/badges?limit=1");
        Assert.NotNull(catalogue.GetProperty("next").GetString());

        await Eventually.Value(
            () => Task.FromResult(incentives.Neighbour.Heard.Select(h => h.Fact).OfType<Contracts.BadgeAwarded>().Where(b => b.MemberId == member).DistinctBy(b => b.AwardId).Count()),
            count => count == 500, "all awards to be published");
    }

    [Fact]
    public async Task What_is_no_badge_is_refused_by_itself()
    {
        var member = IncentivesHost.NewId();
        var good = IncentivesHost.NewId();
        using var importer = incentives.Importer();
        using var answer = await importer.PostAsJsonAsync("/imports/badges", new
        {
            items = new object[]
            {
                new { awardId = good, memberId = member, name = "Teacher", @class = "gold", at = At },
                new { awardId = good, memberId = member, name = "Teacher", @class = "silver", at = At },
                new { awardId = IncentivesHost.NewId(), memberId = member, name = "Teacher", @class = "wood", at = At },
                new { awardId = IncentivesHost.NewId(), memberId = member, name = " ", @class = "gold", at = At },
                new { awardId = IncentivesHost.NewId(), memberId = member, name = "a\u0000b", @class = "gold", at = At },
                new { awardId = IncentivesHost.NewId(), memberId = member, name = new string('x', 101), @class = "gold", at = At },
                new { awardId = IncentivesHost.NewId(), memberId = member, name = "Later", @class = "gold", at = At.AddYears(500) },
                new { awardId = Guid.Empty, memberId = member, name = "Teacher", @class = "gold", at = At }
            }
        });
        var told = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal((1, 0), (told.GetProperty("taken").GetInt32(), told.GetProperty("already").GetInt32()));
        Assert.Equal(7, told.GetProperty("refused").GetArrayLength());
        Assert.Contains(told.GetProperty("refused").EnumerateArray(), r =>
            r.GetProperty("id").GetGuid() == good && r.GetProperty("code").GetString() == "award-differs");
    }

    [Fact]
    public async Task Two_imports_of_the_same_at_once_take_it_once()
    {
        var member = IncentivesHost.NewId();
        var items = Enumerable.Range(0, 50).Select(_ => Item(member, "Twin")).ToList();
        using var importer = incentives.Importer();
        var answers = await Task.WhenAll(Import(importer, items), Import(importer, items));

        Assert.Equal((50, 50), (answers.Sum(a => a.Taken), answers.Sum(a => a.Already)));
        Assert.Equal(50, await incentives.Scalar<long>("select count(*) from badge_awards where member_id = $1", member));
    }

    [Theory]
    [InlineData("""{"items":[null]}""")]
    [InlineData("""{"items":null}""")]
    [InlineData("""{"items":[{}]}""")]
    [InlineData("""{"items":[{"awardId":"1"}]}""")]
    [InlineData("not json")]
    public async Task What_is_no_batch_is_refused_whole(string body)
    {
        using var importer = incentives.Importer();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await importer.PostAsync("/imports/badges", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task More_than_five_hundred_are_refused()
    {
        using var importer = incentives.Importer();
        using var answer = await importer.PostAsJsonAsync("/imports/badges", new { items = Enumerable.Range(0, 501).Select(_ => Item(Guid.Empty, "x")) });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Only_a_token_for_imports_brings_badges()
    {
        using var session = incentives.Operator;
        using var answer = await session.PostAsJsonAsync("/imports/badges", new { items = Array.Empty<object>() });

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    private static object Item(Guid member, string name) => new { awardId = IncentivesHost.NewId(), memberId = member, name, @class = "bronze", at = At };

    private static async Task<(int Taken, int Already, int Refused)> Import(HttpClient importer, List<object> items)
    {
        using var answer = await importer.PostAsJsonAsync("/imports/badges", new { items });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var told = await answer.Content.ReadFromJsonAsync<JsonElement>();

        return (told.GetProperty("taken").GetInt32(), told.GetProperty("already").GetInt32(), told.GetProperty("refused").GetArrayLength());
    }
}
