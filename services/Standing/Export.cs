using System.Security.Claims;
using Community.EventSourcing;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Community.Standing;

public static class ExportEndpoints
{
    /// <summary>All that a service holds about who asks: every event that the member has led to, or that names the member.</summary>
    /// <param name="shown">How the member may see an item; as it is, where nothing is said.</param>
    public static RouteHandlerBuilder MapExport(this IEndpointRouteBuilder app, Func<HistoryItem, Guid, HistoryItem>? shown = null) => app
        .MapGet("/members/me/export", (
            [AsParameters] Paging paging, ClaimsPrincipal user, HttpContext http, IDocumentStore store, NpgsqlDataSource database, KeyRing keys, CancellationToken ct) =>
            Export(paging, user, http, store, database, keys, shown ?? ((item, _) => item), ct))
        .WithTag("Export", "What is known about a member.").WithSummary("All events that one has led to, or is named in");

    private static async Task<Ok<Page<HistoryItem>>> Export(
        Paging paging, ClaimsPrincipal user, HttpContext http, IDocumentStore store, NpgsqlDataSource database, KeyRing keys,
        Func<HistoryItem, Guid, HistoryItem> shown, CancellationToken ct)
    {
        var member = user.MemberId();
        var sequences = new List<long>();
        await using var select = database.CreateCommand(
            $"""
            select seq_id from {store.Options.Events.DatabaseSchemaName}.mt_events
            where seq_id > $1 and (user_name = $2 or position($2 in data::text) > 0) order by seq_id limit $3
            """);
        select.Parameters.Add(new() { Value = paging.Key<long>(out var after) ? after : 0L });
        select.Parameters.Add(new() { Value = member.ToString() });
        select.Parameters.Add(new() { Value = paging.Size + 1 });

        await using (var rows = await select.ExecuteReaderAsync(ct))
        {
            while (await rows.ReadAsync(ct))
            {
                sequences.Add(rows.GetInt64(0));
            }
        }

        http.Response.Headers.CacheControl = "no-store";
        var items = await store.Items(sequences, await keys.Find([member], ct), ct);
        var page = paging.Page(items, item => item.Sequence);

        return TypedResults.Ok(new Page<HistoryItem>([.. page.Items.Select(item => shown(item.Item, member))], page.Next));
    }
}
