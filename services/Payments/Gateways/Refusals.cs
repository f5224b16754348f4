using System.Security.Cryptography;
using Community.EventStore;
using Community.Privacy;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Payments.Gateways;

/// <summary>Notifications of one gateway that were refused on one day (the community's) for one reason.</summary>
/// <param name="Code">That of the answer: <c>signature-invalid</c>, <c>notification-not-ours</c>, <c>notification-not-understood</c>, <c>chargeback-of-unknown-payment</c>, <c>receipt-of-another-order</c>.</param>
/// <param name="Digest">SHA-256 of the last one's body, in hexadecimal: by it the gateway's own list tells which it was.</param>
internal sealed record RefusalView(DateOnly Day, string Code, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt, string Digest);

/// <summary>
/// What was refused at a webhook, counted for operators: a key that was entered wrongly shows at once, and so does somebody
/// who tries. Anybody can send anything there, so no more is kept than a row a day for each reason.
/// </summary>
internal sealed class Refusals(NpgsqlDataSource database, CommunityZone zone, TimeProvider clock)
{
    private const int Days = 90;

    public async Task Record(string gateway, string code, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var upsert = database.CreateCommand("""
            with old as (delete from gateway_refusals where day < $3 - $6)
            insert into gateway_refusals as known (gateway, code, day, count, first_at, last_at, digest) values ($1, $2, $3, 1, $4, $4, $5)
            on conflict (gateway, code, day) do update set count = known.count + 1, last_at = excluded.last_at, digest = excluded.digest
            """);
        upsert.Parameters.Add(new() { Value = gateway });
        upsert.Parameters.Add(new() { Value = code });
        upsert.Parameters.Add(new() { Value = (await zone.Now(ct)).DayOf(now) });
        upsert.Parameters.Add(new() { Value = now });
        upsert.Parameters.Add(new() { Value = Convert.ToHexStringLower(SHA256.HashData(body.Span)) });
        upsert.Parameters.Add(new() { Value = Days });
        await upsert.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Of each gateway, the latest first.</summary>
    public async Task<ILookup<string, RefusalView>> All(CancellationToken ct)
    {
        await using var select = database.CreateCommand("select gateway, day, code, count, first_at, last_at, digest from gateway_refusals order by last_at desc");
        await using var row = await select.ExecuteReaderAsync(ct);
        var refusals = new List<(string Gateway, RefusalView Refusal)>();

        while (await row.ReadAsync(ct))
        {
            refusals.Add((row.GetString(0), new(
                row.GetFieldValue<DateOnly>(1), row.GetString(2), row.GetInt64(3), row.GetFieldValue<DateTimeOffset>(4), row.GetFieldValue<DateTimeOffset>(5), row.GetString(6))));
        }

        return refusals.ToLookup(refusal => refusal.Gateway, refusal => refusal.Refusal);
    }

    internal static void AddTo(StoreOptions options)
    {
        var table = new Table("gateway_refusals");
        table.AddColumn<string>("gateway").AsPrimaryKey();
        table.AddColumn<string>("code").AsPrimaryKey();
        table.AddColumn("day", "date").AsPrimaryKey();
        table.AddColumn<long>("count").NotNull();
        table.AddColumn("first_at", "timestamptz").NotNull();
        table.AddColumn("last_at", "timestamptz").NotNull();
        table.AddColumn("digest", "text").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}
