using Marten;
using Npgsql;

namespace Community.Payments.Subscriptions;

internal static class MemberSubscriptions
{
    /// <summary>The streams of all that a member ever had, by the log: the list may not have come so far yet.</summary>
    public static async Task<IReadOnlyList<Guid>> SubscriptionsOf(this IDocumentStore store, Guid member, NpgsqlDataSource database, CancellationToken ct)
    {
        var streams = new List<Guid>();
        await using var select = database.CreateCommand(
            $"select stream_id from {store.Options.Events.DatabaseSchemaName}.mt_events where type = 'subscription-started.v1' and data ->> 'memberId' = $1");
        select.Parameters.Add(new() { Value = member.ToString() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            streams.Add(rows.GetGuid(0));
        }

        return streams;
    }
}
