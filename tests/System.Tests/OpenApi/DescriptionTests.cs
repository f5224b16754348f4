namespace Community.SystemTests.OpenApi;

/// <summary>What the check of the answers would find, if there were something to find.</summary>
public sealed class DescriptionTests
{
    private const string Good = """{"id":"0190a000-0000-7000-8000-000000000000","kind":"tea","at":"2026-01-02T03:04:05.6Z","note":null,"price":{"amount":5} }""";

    private static readonly Description Shop = new("""
        {
          "paths": {
            "/cups/{id}": {
              "get": {
                "security": [{ "bearer": [] }],
                "parameters": [
                  { "name": "id", "in": "path", "schema": { "type": "string", "format": "uuid" } },
                  { "name": "size", "in": "query", "schema": { "type": "integer", "format": "int32", "maximum": 9 } }
                ],
                "responses": {
                  "200": {
                    "headers": { "ETag": { "schema": { "type": "string" } }, "Location": { "required": true, "schema": { "type": "string" } } },
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Cup" } } }
                  },
                  "404": { "$ref": "#/components/responses/Gone" }
                }
              }
            }
          },
          "components": {
            "responses": { "Gone": {} },
            "schemas": {
              "Cup": {
                "type": "object",
                "required": ["id", "kind", "at", "note", "price"],
                "properties": {
                  "id": { "type": "string", "format": "uuid" },
                  "kind": { "$ref": "#/components/schemas/Kind" },
                  "at": { "type": "string", "format": "date-time" },
                  "note": { "type": ["null", "string"] },
                  "price": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Price" }] }
                }
              },
              "Kind": { "type": "string", "enum": ["tea", "coffee"] },
              "Price": { "type": "object", "required": ["amount"], "properties": { "amount": { "type": "integer", "format": "int32" } } }
            }
          }
        }
        """);

    [Theory]
    [InlineData("", "")]
    [InlineData("\"note\"", "\"remark\"")] // renamed
    [InlineData("\"note\":null", "\"note\":null,\"more\":1")] // not described
    [InlineData("\"note\":null,", "")]
    [InlineData("\"note\":null", "\"note\":7")]
    [InlineData("\"tea\"", "0")]
    [InlineData("\"tea\"", "\"Tea\"")]
    [InlineData("\"tea\"", "null")]
    [InlineData("05.6Z", "05.6+08:00")]
    [InlineData("2026-01-02T", "2026-13-02T")]
    [InlineData("0190a000-", "")]
    [InlineData("{\"amount\":5}", "{\"amount\":\"5\"}")]
    [InlineData("{\"amount\":5}", "{\"amount\":5.5}")]
    [InlineData("{\"amount\":5}", "{\"amount\":4294967296}")]
    [InlineData("{\"amount\":5}", "{\"amount\":5,\"currency\":\"CNY\"}")]
    [InlineData("{\"amount\":5}", "5")]
    public async Task A_body_that_differs_is_found(string told, string lie)
    {
        var faults = await Shop.Faults(Answer() with { Body = told.Length == 0 ? Good : Good.Replace(told, lie, StringComparison.Ordinal) });

        Assert.Equal(told.Length > 0, faults.Count > 0);
    }

    [Fact]
    public void An_operation_without_an_example_is_found()
    {
        Assert.Equal(["shop GET /cups/{id} has no example that succeeds", "shop GET /cups/{id} has no example of a problem"], Gaps());
        Assert.Equal(["shop GET /cups/{id} has no example of a problem"], Gaps((200, false)));
        Assert.Equal(["shop GET /cups/{id} has no example that succeeds"], Gaps((404, false)));
        Assert.Equal(["shop GET /cups/{id} was heard with an empty list only"], Gaps((200, true), (404, false)));
        Assert.Empty(Gaps((200, true), (200, false), (404, false)));

        static IEnumerable<string> Gaps(params (int, bool)[] calls) => new Examples("shop", Shop.Operations.Single(), calls).Gaps();
    }

    [Fact]
    public async Task So_are_status_header_media_type_parameter_and_missing_token()
    {
        Exchange[] lies =
        [
            Answer() with { Status = 201 },
            Answer() with { Status = 404 },
            Answer() with { Headers = ["Location", "X-Mood"] },
            Answer() with { Headers = ["ETag"] },
            Answer() with { MediaType = "text/json" },
            Answer() with { MediaType = null, Body = "" },
            Answer() with { HasToken = false },
            Answer() with { RequestMediaType = "application/json", RequestBody = "{}" },
            Answer() with { Address = new Uri("http://shop/cups/0190a000-0000-7000-8000-000000000000?size=10") },
            Answer() with { Address = new Uri("http://shop/cups/0190a000-0000-7000-8000-000000000000?colour=red") },
            Answer() with { Address = new Uri("http://shop/cups/first") },
            Answer() with { Address = new Uri("http://shop/plates") }
        ];

        foreach (var lie in lies)
            Assert.True((await Shop.Faults(lie)).Count > 0, $"{lie}");

        Assert.Empty(await Shop.Faults(Answer() with { Status = 404, Headers = [], MediaType = null, Body = "" }));
        Assert.Empty(await Shop.Faults(Answer() with { Address = new Uri("http://shop/plates"), Status = 404 }));
    }

    private static Exchange Answer()
    {
        using var request = new HttpRequestMessage();

        return new(
            HttpMethod.Get, new Uri("http://shop/cups/0190a000-0000-7000-8000-000000000000?size=9"), HasToken: true, request.Headers, null, "",
            200, ["Location", "ETag", "Date"], "application/json", Good);
    }
}
