using System.Net;
using System.Text.Json.Nodes;
using Community.Portal.Services;

namespace Community.Portal;

/// <summary>Files to take away: what each service holds about the member, and the tables of the figures.</summary>
internal static class Exports
{
    private static readonly string[] Services = OperationsService.Services;

    public static void MapExports(this IEndpointRouteBuilder app)
    {
        app.MapFigureTables();
        app.MapGet("/me/export.json", async (IHttpClientFactory clients, HttpContext http, CancellationToken ct) =>
        {
            var parts = await Task.WhenAll(Services.Select(service => Of(clients.CreateClient(OperationsService.ClientOf(service)), ct)));
            var all = new JsonObject(Services.Zip(parts, (service, part) => KeyValuePair.Create(service, part)));
            http.Response.Headers.CacheControl = "private, no-store";

            return Results.File(System.Text.Encoding.UTF8.GetBytes(all.ToJsonString(new(System.Text.Json.JsonSerializerDefaults.Web) { WriteIndented = true })), "application/json", "export.json");
        }).RequireAuthorization();
    }

    /// <summary>All pages of a service; a service that is away is named as such in the file.</summary>
    private static async Task<JsonNode?> Of(HttpClient http, CancellationToken ct)
    {
        var items = new JsonArray();

        try
        {
            for (string? after = null; ;)
            {
                using var answer = await http.GetAsync(new Uri(Query.Of("/members/me/export?limit=100", ("after", after)), UriKind.Relative), ct);

                if (answer.StatusCode != HttpStatusCode.OK || await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(ct), cancellationToken: ct) is not JsonObject page)
                {
                    return "unavailable";
                }

                if (page["items"] is not JsonArray part)
                {
                    return page;
                }

                foreach (var item in part)
                {
                    items.Add(item?.DeepClone());
                }

                if ((after = (string?)page["next"]) is null)
                {
                    return items;
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or Polly.ExecutionRejectedException or System.Text.Json.JsonException)
        {
            return "unavailable";
        }
    }
}
