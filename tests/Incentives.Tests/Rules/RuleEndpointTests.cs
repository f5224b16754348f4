using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Community.Incentives.Tests.Rules;

public sealed class RuleEndpointTests(IncentivesHost incentives)
{
    [Fact]
    public async Task A_sensible_rule_set_is_there_from_the_beginning()
    {
        using var member = incentives.Member(IncentivesHost.NewId());
        var rules = await member.GetFromJsonAsync<JsonElement>("/rules?asOf=2001-01-01T00:00:00Z");

        Assert.Equal(1, rules.GetProperty("version").GetInt32());
        Assert.Equal(JsonValueKind.Null, rules.GetProperty("since").ValueKind);
        Assert.Contains(rules.GetProperty("rules").EnumerateArray(), rule =>
            rule.GetProperty("rule").GetString() == "comment-posted" && rule.GetProperty("dailyCap").GetInt32() == 5);
    }

    [Fact]
    public async Task Only_operators_make_rules()
    {
        using var member = incentives.Member(IncentivesHost.NewId());
        using var answer = await member.PostAsJsonAsync("/rules", new { rules = Array.Empty<object>() });

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("""{"rules":null}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""{"rules":[null]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment"}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":"2"}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":2.5}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":0}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":99999999999}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1,"dailyCap":0}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1,"coolDownSeconds":86401}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"sleeping","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"A b","activity":"comment","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"","activity":"comment","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1},{"rule":"a","activity":"view","points":1}]}""")]
    [InlineData("""{"rules":[""")]
    public async Task What_is_no_rule_set_is_refused(string body)
    {
        using var client = incentives.Operator;
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/rules", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("""{"rule":"a","activity":"comment","points":-2,"dailyCap":4}""", "rules[0].points", "caps bound what is given only")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"dailyCap":4,"weeklyCap":3}""", "rules[0].weeklyCap", "below the daily cap")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"weeklyCap":4,"lifetimeCap":3}""", "rules[0].lifetimeCap", "never be reached")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"capGroup":"g"}""", "rules[0].capGroup", "no cap")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"dailyCap":2,"capGroup":"g"},{"rule":"b","activity":"topic","points":2,"dailyCap":3,"capGroup":"g"}""", "rules[1].capGroup", "'a'")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"multiplier":2}""", "rules[0].multiplier", "campaign")]
    [InlineData("""{"rule":"a","activity":"comment","points":2,"from":"2026-05-02T00:00:00Z","until":"2026-05-01T00:00:00Z"}""", "rules[0].until", "not after from")]
    [InlineData("""{"rule":"a","activity":"topic","points":2,"minQuality":4}""", "rules[0].minQuality", "only contents are graded")]
    [InlineData("""{"rule":"a","activity":"order","points":2,"perCounterpartCap":4}""", "rules[0].perCounterpartCap", "no other member")]
    [InlineData("""{"rule":"a","activity":"content","points":2,"to":"author"}""", "rules[0].to", "only the member who did it")]
    [InlineData("""{"rule":"a","activity":"downvote","points":-2,"expiresAfterDays":4}""", "rules[0].expiresAfterDays", "given")]
    [InlineData("""{"rule":"a","activity":"comment","points":2},{"rule":"a","activity":"view","points":2}""", "rules[1].rule", "another rule")]
    public async Task A_rule_that_cannot_be_is_named_with_the_reason(string rules, string field, string reason)
    {
        using var client = incentives.Operator;
        using var content = new StringContent($$"""{"rules":[{{rules}}]}""", Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/rules", content);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(reason, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_cannot_be_is_said_at_once_and_nothing_is_adopted()
    {
        using var client = incentives.Operator;
        var before = (await client.GetFromJsonAsync<JsonElement>("/rules")).GetProperty("version").GetInt32();
        using var answer = await client.PostAsJsonAsync("/rules/checks", new
        {
            rules = new object[]
            {
                new { rule = "a", activity = "comment", points = 2, dailyCap = 4, weeklyCap = 3 }, new { rule = "b", activity = "order", points = 2, perCounterpartCap = 4 },
                new { rule = "c", activity = "comment", points = 1 }
            }
        });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var faults = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("field").GetString());
        Assert.Equal(["rules[0].weeklyCap", "rules[1].perCounterpartCap"], faults);
        Assert.Equal(before, (await client.GetFromJsonAsync<JsonElement>("/rules")).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Versions_are_listed_the_latest_first_and_a_page_at_a_time()
    {
        using var client = incentives.Operator;
        var first = await client.GetFromJsonAsync<JsonElement>("/rules/versions?limit=1");
        var shown = Assert.Single(first.GetProperty("items").EnumerateArray());
        Assert.Equal((await client.GetFromJsonAsync<JsonElement>("/rules")).GetProperty("versions").EnumerateArray().Last().GetProperty("version").GetInt32(), shown.GetProperty("version").GetInt32());
        Assert.Equal(1, (await client.GetFromJsonAsync<JsonElement>("/rules/versions?limit=100")).GetProperty("items").EnumerateArray().Last().GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Rules_are_not_made_for_the_past()
    {
        using var client = incentives.Operator;
        using var answer = await client.PostAsJsonAsync("/rules", new { rules = Array.Empty<object>(), validFrom = "2020-01-01T00:00:00Z" });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("replay", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
