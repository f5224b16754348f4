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
            rule.GetProperty("rule").GetString() == "comment-posted" && rule.GetProperty("dailyCap").GetInt32() == 10);
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
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":-2}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":99999999999}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1,"dailyCap":0}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1,"coolDownSeconds":86401}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"sleeping","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"A b","activity":"comment","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"","activity":"comment","points":1}]}""")]
    [InlineData("""{"rules":[{"rule":"a","activity":"comment","points":1},{"rule":"b","activity":"comment","points":1}]}""")]
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
}
