using Community.EventStore;
using Community.Incentives.Points;
using Dapper;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Leaderboards;

internal enum BoardPeriod { Week, Month, All }

/// <summary>
/// What each member has earned by causes in each week and month and in all, in each area and everywhere. What is taken back
/// is taken from the time in which it was earned.
/// </summary>
internal sealed class LeaderboardTotals : EventProjection
{
    private readonly string _add;

    public LeaderboardTotals(StoreOptions options)
    {
        Name = "leaderboards";
        IncludeType<PointsEarned>();
        IncludeType<PointsReversed>();
        var table = new Table($"{options.DatabaseSchemaName}.leaderboard_totals");
        table.AddColumn<int>("period").AsPrimaryKey();
        table.AddColumn("start", "date").AsPrimaryKey();
        table.AddColumn<string>("area").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        table.AddColumn("points", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("leaderboard_totals_order") { Columns = ["period", "start", "area", "points", "member_id"] });
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _add =
            $"""
            insert into {table.Identifier.QualifiedName} as l (period, start, area, member_id, points)
            select p.period, p.start, a.area, ?, ?
            from (select (? at time zone coalesce((select time_zone from community_zones order by version desc limit 1), 'UTC'))::date as day) d
            cross join lateral (values (0, date_trunc('week', d.day)::date), (1, date_trunc('month', d.day)::date), (2, '-infinity'::date)) p (period, start)
            cross join (select distinct unnest(array['', ?]) as area) a
            on conflict (period, start, area, member_id) do update set points = l.points + excluded.points
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data switch
        {
            PointsEarned p => (p.MemberId, p.Points, p.At, p.Area),
            PointsReversed p => (p.MemberId, p.Points, p.CauseAt, p.Area),
            _ => ((Guid, int, DateTimeOffset, string?)?)null
        } is var (member, points, at, area))
        {
            operations.QueueSqlCommand(_add, member, (long)points, at.ToUniversalTime(), area ?? "");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Who does not want to be on the boards.</summary>
internal sealed class HiddenMembers : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("leaderboard_hidden");
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

[EventType("leaderboard-choice-made.v1")]
public sealed record LeaderboardChoiceMade(Guid MemberId, bool Shown, DateTimeOffset At);

internal static class LeaderboardChoice
{
    public static readonly Decider<bool, LeaderboardChoiceMade, LeaderboardChoiceMade> Decider = new(
        true, (shown, choice) => shown == choice.Shown ? Decision.Nothing : choice, (_, choice) => choice.Shown);

    public static Guid Stream(Guid memberId) => StreamId.Of("leaderboard-choice", memberId);
}

internal sealed record Standing(Guid MemberId, long Points);

/// <summary>Where a page of a board ended, and the rank of its last member.</summary>
internal sealed record BoardKey(long Points, Guid MemberId, long Rank, long Place);

internal sealed class LeaderboardQueries(NpgsqlDataSource database)
{
    // Staff rank nowhere, nor does who was stopped, who left or was forgotten, nor who does not want to.
    private const string Visible =
        """
        from leaderboard_totals t
        where t.period = @period and t.start = @start and t.area = @area and t.points > 0
            and not exists (select from leaderboard_hidden h where h.member_id = t.member_id)
            and not exists (select from stopped_members s where s.member_id = t.member_id and s.until > now())
            and not exists (select from withdrawn_roles r where r.member_id = t.member_id and not r.withdrawn and r.role in ('owner', 'operator', 'moderator'))
        """;

    public async Task<IReadOnlyList<Standing>> Board(BoardPeriod period, DateOnly start, string area, BoardKey? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<Standing>(new CommandDefinition(
            $"""
            select t.member_id as memberId, t.points {Visible}
                and (@points::bigint is null or (t.points, t.member_id) < (@points::bigint, @memberId::uuid))
            order by t.points desc, t.member_id desc limit @limit
            """,
            Of(period, start, area, after?.Points, after?.MemberId, limit), cancellationToken: ct))];
    }

    /// <summary>One more than those with more points; null where the member is not on the board.</summary>
    public async Task<(long Rank, long Points)?> Place(BoardPeriod period, DateOnly start, string area, Guid member, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var own = await connection.QueryAsync<(long Rank, long Points)>(new CommandDefinition(
            $"""
            with own as (select t.points {Visible} and t.member_id = @memberId)
            select (select count(*) {Visible} and t.points > own.points) + 1, own.points from own
            """,
            Of(period, start, area, null, member, 1), cancellationToken: ct));

        return own.Select(place => ((long, long)?)place).FirstOrDefault();
    }

    private static DynamicParameters Of(BoardPeriod period, DateOnly start, string area, long? points, Guid? member, int limit)
    {
        var parameters = new DynamicParameters(new { period = (int)period, area, points, memberId = member, limit });
        parameters.Add("start", new DateParameter(start));

        return parameters;
    }

    /// <summary>Dapper knows no <see cref="DateOnly"/>, and PostgreSQL's infinities are those of .NET.</summary>
    private sealed class DateParameter(DateOnly date) : SqlMapper.ICustomQueryParameter
    {
        public void AddParameter(System.Data.IDbCommand command, string name) => command.Parameters.Add(new NpgsqlParameter<DateOnly>(name, date));
    }
}
