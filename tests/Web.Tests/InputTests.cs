using System.Net;
using System.Text;
using System.Text.Json;
using Community.ServiceDefaults;

namespace Community.Web.Tests;

public sealed class InputTests(SampleService service) : IClassFixture<SampleService>
{
    [Theory]
    [InlineData("""{"name":"Vase","count":2,"colour":"darkRed"}""")]
    [InlineData("""{"name":"花瓶 🏺","count":2,"colour":"white","notes":"two\nlines\t","unknown":{"a":1}}""")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","notes":"","at":"2026-05-01T12:00:00.123456789+02:00"}""")]
    public async Task Takes(string body) =>
        await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body(body))).ShouldBeOk();

    [Theory]
    [InlineData("""{"name":""", "name")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"name":"Vase","name":"Jar","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":null,"count":2,"colour":"white"}""", "name")]
    [InlineData("""{"colour":"white"}""", "name", "count")]
    [InlineData("""{"name":1,"count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"Vase","count":"2","colour":"white"}""", "count")]
    [InlineData("""{"name":"Vase","count":99999999999,"colour":"white"}""", "count")]
    [InlineData("""{"name":"Vase","count":2.5,"colour":"white"}""", "count")]
    [InlineData("""{"name":"Vase","count":2,"colour":"green"}""", "colour")]
    [InlineData("""{"name":"Vase","count":2,"colour":1}""", "colour")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","at":"2026-05-01T12:00:00"}""", "at")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","at":"0001-01-01T00:00:00+14:00"}""", "at")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","at":12}""", "at")]
    [InlineData("""{"name":"\ud800","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","parts":[{"label":"a"},{"label":7}]}""", "parts[1].label")]
    public async Task Refuses_what_it_cannot_read(string body, params string[] fields)
    {
        var problem = await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body(body)))
            .ShouldBeProblem(400, fields.Length == 0 ? "malformed-request" : "validation-failed");

        Assert.Equal(fields, Fields(problem));
    }

    [Theory]
    [InlineData("""{"name":"  ","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"a\u0000b","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"a\nb","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"123456789012345678901","count":0,"colour":"white"}""", "count", "name")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","notes":"\u0007"}""", "notes")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","parts":[{"label":"a"},{"label":"123456"}]}""", "parts[1].label")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","parts":[{"label":"a"},null]}""", "parts[1]")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","byName":{"a":null}}""", "byName.a")]
    [InlineData("""{"name":"Vase","count":2,"colour":"white","words":[["a"],["b",null]]}""", "words[1][1]")]
    [InlineData("""{"name":"a\ufffeb","count":2,"colour":"white"}""", "name")]
    [InlineData("""{"name":"a\uffffb","count":2,"colour":"white"}""", "name")]
    public async Task Refuses_what_breaks_a_rule(string body, params string[] fields)
    {
        var problem = await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body(body))).ShouldBeProblem(400, "validation-failed");

        Assert.Equal(fields, Fields(problem).Order());
    }

    [Fact]
    public async Task A_null_in_a_list_that_may_hold_some_is_taken() =>
        await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body("""{"name":"Vase","count":2,"colour":"white","gaps":["a",null]}"""))).ShouldBeOk();

    [Theory]
    [InlineData("from=2026-05-01")]
    [InlineData("from=2026-05-01&to=2026-05-02")]
    [InlineData("")]
    public async Task A_date_in_a_query_is_of_ISO_8601(string query) =>
        await (await service.Send(HttpMethod.Get, $"/days?{query}")).ShouldBeOk();

    [Theory]
    [InlineData("from=03/04/2024", "from")]
    [InlineData("from=2024-3-4", "from")]
    [InlineData("from=March 4, 2024", "from")]
    [InlineData("from=20240304", "from")]
    [InlineData("from=2024-02-30", "from")]
    [InlineData("from=2024-03-04T00:00:00Z", "from")]
    [InlineData("from=2024-03-04&to=04.03.2024", "to")]
    [InlineData("FROM=03/04/2024", "from")]
    [InlineData("at=03/04/2024 10:00", "at")]
    [InlineData("at=2024-03-04", "at")]
    public async Task A_date_in_a_query_that_is_not_is_refused(string query, string field)
    {
        var problem = await (await service.Send(HttpMethod.Get, $"/days?{query}")).ShouldBeProblem(400, "validation-failed");

        Assert.Equal([field], Fields(problem));
    }

    [Fact]
    public async Task A_date_in_a_path_is_of_ISO_8601_too()
    {
        await (await service.Send(HttpMethod.Get, "/days/2024-03-04")).ShouldBeOk();
        await (await service.Send(HttpMethod.Get, "/days/03.04.2024")).ShouldBeProblem(400, "validation-failed");
    }

    [Fact]
    public async Task Rules_of_internal_requests_count_too() =>
        await (await service.Send(HttpMethod.Post, "/hidden", body: Answers.Body("""{"label":"123456"}"""))).ShouldBeProblem(400, "validation-failed");

    [Theory]
    [InlineData("/pieces/not-an-id", 400, "malformed-request")]
    [InlineData("/pieces/00000000-0000-7000-8000-000000000000?asOf=yesterday", 400, "malformed-request")]
    [InlineData("/pieces/00000000-0000-7000-8000-000000000000?asOf=2026-05-01", 400, "malformed-request")]
    [InlineData("/pieces?limit=0", 400, "validation-failed")]
    [InlineData("/pieces?limit=101", 400, "validation-failed")]
    [InlineData("/pieces?limit=many", 400, "malformed-request")]
    [InlineData("/pieces?after=%21%21", 400, "validation-failed")]
    [InlineData("/pieces?after=e30", 400, "validation-failed")]
    [InlineData("/nowhere", 404, "not-found")]
    [InlineData("/passwords", 405, "method-not-allowed")]
    public async Task Refuses_bad_addresses(string path, int status, string code) =>
        await (await service.Send(HttpMethod.Get, path)).ShouldBeProblem(status, code);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=klingon")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Refuses_other_media(string type)
    {
        using var body = new ByteArrayContent("""{"name":"Vase","count":2,"colour":"white"}"""u8.ToArray());
        body.Headers.TryAddWithoutValidation("Content-Type", type);

        await (await service.Send(HttpMethod.Post, "/pieces", body: body)).ShouldBeProblem(415, "media-type-not-supported");
    }

    [Theory]
    [InlineData("application/json; charset=\"utf-8\"")]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("application/problem+json;charset=utf-8")]
    public async Task Takes_json_in_utf_8_however_it_is_said(string type)
    {
        using var body = new ByteArrayContent("""{"name":"Vase","count":2,"colour":"white"}"""u8.ToArray());
        body.Headers.TryAddWithoutValidation("Content-Type", type);

        using var answer = await service.Send(HttpMethod.Post, "/pieces", body: body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Refuses_bytes_that_are_no_text()
    {
        using var body = new ByteArrayContent([.. "{\"name\":\""u8, 0xFF, 0xFE, .. "\",\"count\":2,\"colour\":\"white\"}"u8]);
        body.Headers.TryAddWithoutValidation("Content-Type", "application/json");

        await (await service.Send(HttpMethod.Post, "/pieces", body: body)).ShouldBeProblem(400, "validation-failed");
    }

    [Fact]
    public async Task Refuses_deep_nesting() =>
        await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body(new string('[', 10_000)))).ShouldBeProblem(400, "malformed-request");

    [Fact]
    public async Task Refuses_a_huge_body() =>
        await (await service.Send(HttpMethod.Post, "/pieces", body: Answers.Body($$"""{"name":"{{new string('x', 2_000_000)}}","count":2,"colour":"white"}""")))
            .ShouldBeProblem(413, "body-too-large");

    [Fact]
    public async Task Takes_a_large_body_where_marked()
    {
        var piece = $$"""{"name":"Vase","count":1,"colour":"white","notes":"{{new string('x', 90)}}"}""";
        var batch = $"[{string.Join(',', Enumerable.Repeat(piece, 20_000))}]";

        var answer = await (await service.Send(HttpMethod.Post, "/imports", service.Token(scope: "import"), Answers.Body(batch))).ShouldBeOk();

        Assert.Equal(20_000, answer.GetInt32());
    }

    [Fact]
    public async Task A_problem_comes_whatever_the_client_accepts()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/nowhere") { Headers = { { "Accept", "text/html" } } };

        await (await service.Http.SendAsync(request, TestContext.Current.CancellationToken)).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task A_bug_tells_nothing()
    {
        var answer = await service.Send(HttpMethod.Get, "/bug");

        await answer.ShouldBeProblem(500, "unexpected");
        Assert.DoesNotContain("secret", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_says_when_to_ask_again()
    {
        var answer = await service.Send(HttpMethod.Get, "/down");

        await answer.ShouldBeProblem(503, "unavailable");
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_refusal_keeps_its_own_code()
    {
        var problem = await (await service.Send(HttpMethod.Get, "/refused")).ShouldBeProblem(409, "piece-sold");

        Assert.Equal("It is sold.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Pages_follow_one_another_to_the_end()
    {
        var seen = new List<int>();
        string? next = null;
        do
        {
            var page = await (await service.Send(HttpMethod.Get, "/pieces" + (next is null ? "" : $"?after={next}"))).ShouldBeOk();
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetInt32()));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);

        Assert.Equal(Enumerable.Range(1, 45), seen);
    }

    [Fact]
    public async Task Instants_of_queries_come_out_in_utc()
    {
        var answer = await (await service.Send(HttpMethod.Get, "/pieces/00000000-0000-7000-8000-000000000000?asOf=2026-05-01T12:00:00.1234567%2B02:00")).ShouldBeOk();

        Assert.Equal("2026-05-01T10:00:00.123456Z", answer.GetProperty("asOf").GetString());
    }

    [Fact]
    public async Task Headers_keep_browsers_careful()
    {
        var answer = await service.Send(HttpMethod.Get, "/nowhere");

        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));
    }

    [FsCheck.Xunit.Property]
    public bool Instants_survive_json_to_the_microsecond(DateTimeOffset instant)
    {
        var kept = JsonSerializer.Deserialize<DateTimeOffset>(JsonSerializer.Serialize(instant, Json.Options), Json.Options);

        return kept.Offset == TimeSpan.Zero && instant.UtcTicks - kept.UtcTicks is >= 0 and < 10;
    }

    private static IEnumerable<string> Fields(JsonElement problem) =>
        problem.TryGetProperty("errors", out var errors) ? errors.EnumerateObject().Select(error => error.Name) : [];
}
