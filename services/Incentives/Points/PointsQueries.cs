using Community.EventStore;
using Community.Privacy;
using Dapper;
using Npgsql;

namespace Community.Incentives.Points;

internal enum EntryKind { Earned, Spent, Expired, Reversed, Adjusted }

/// <param name="Points">Negative where they are taken.</param>
/// <param name="Cause">What was done, by its natural key: <c>comment/&lt;id&gt;</c>.</param>
/// <param name="Reason">Of what was taken back or adjusted.</param>
internal sealed record PointsEntry(
    Guid EntryId, EntryKind Kind, int Points, string Rule, int RuleVersion, string Cause, DateTimeOffset At, string? Reason, DateTimeOffset? ExpiresAt);

/// <param name="Spendable">All but what the wallet itself gave and took.</param>
internal sealed record PointsBalance(long Balance, long Lifetime, long Spendable);

internal sealed record PointsTotals(long Balance, long Lifetime, Streak Streak);

/// <summary>Asks the ledger.</summary>
internal sealed class PointsQueries(NpgsqlDataSource database, WordsAbout words)
{
    /// <summary>What the member has as the ledger stands.</summary>
    public async Task<PointsBalance> Balance(Guid memberId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.QuerySingleAsync<PointsBalance>(new CommandDefinition(
            """
            select coalesce(b.balance, 0) as balance, coalesce(b.lifetime, 0) as lifetime, coalesce(b.balance - b.wallet, 0) as spendable
            from (select 1) one left join points_balances b on b.member_id = @memberId
            """,
            new { memberId }, cancellationToken: ct));
    }

    /// <param name="zone">In which days are counted.</param>
    public async Task<PointsTotals> Totals(Guid memberId, DateTimeOffset asOf, TimeZoneInfo zone, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        var (balance, lifetime) = await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
            """
            select coalesce(sum(points), 0)::bigint, coalesce(sum(points) filter (where kind in ('earned', 'reversed', 'adjusted') and rule <> 'redemption'), 0)::bigint
            from points_entries where member_id = @memberId and recorded_at <= @asOf
            """,
            new { memberId, asOf }, cancellationToken: ct));
        var today = zone.DayOf(asOf);
        var days = await connection.QueryAsync<int>(new CommandDefinition(
            """
            select distinct (at at time zone @zone)::date - date '0001-01-01' as day from points_entries
            where member_id = @memberId and recorded_at <= @asOf and kind = 'earned' order by day
            """,
            new { memberId, asOf, zone = zone.Id }, cancellationToken: ct));

        return new PointsTotals(balance, lifetime, Streaks.Of(days.Select(DateOnly.FromDayNumber).Where(day => day <= today), today));
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<PointsEntry>> Entries(Guid memberId, EntryKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            select {Columns} from points_entries
            where member_id = @memberId and (@at::timestamptz is null or (at, entry_id) < (@at::timestamptz, @entryId::uuid))
            order by at desc, entry_id desc limit @limit
            """,
            new { memberId, at = after?.At, entryId = after?.EntryId, limit }, cancellationToken: ct));

        var keys = await words.KeysOf([memberId], ct);

        return [.. rows.Select(row => row.Entry(memberId, keys))];
    }

    public async Task<PointsEntry?> Entry(Guid memberId, Guid entryId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"select {Columns} from points_entries where entry_id = @entryId and member_id = @memberId", new { memberId, entryId }, cancellationToken: ct));

        return row?.Entry(memberId, await words.KeysOf([memberId], ct));
    }

    private const string Columns = "entry_id, kind, points, rule, rule_version, cause, at, reason, expires_at, words";

    private sealed record Row(
        Guid Entry_Id, string Kind, int Points, string Rule, int Rule_Version, string Cause, DateTime At, string? Reason, DateTime? Expires_At, string? Words)
    {
        public PointsEntry Entry(Guid memberId, MemberKeys keys) => new(
            Entry_Id, Enum.Parse<EntryKind>(Kind, ignoreCase: true), Points, Rule, Rule_Version, Cause, At,
            Words is null ? Reason : keys.Open(new Sealed(memberId, Words)), Expires_At);
    }
}

/// <summary>Where a page of entries ended.</summary>
internal sealed record EntryKey(DateTimeOffset At, Guid EntryId);
