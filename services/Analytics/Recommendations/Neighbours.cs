using Community.Analytics.Contents;
using Community.EventStore;
using Dapper;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Recommendations;

/// <summary>What is worked out ahead: neighbours of contents, and how fresh each is. Anew as a whole, from what is read.</summary>
internal static class NeighbourTables
{
    public static IEnumerable<Table> All()
    {
        var neighbours = new Table("content_neighbours");
        neighbours.AddColumn<Guid>("content_id").AsPrimaryKey();
        neighbours.AddColumn<Guid>("neighbour_id").AsPrimaryKey();
        neighbours.AddColumn("score", "double precision").NotNull();

        var freshness = new Table("content_freshness");
        freshness.AddColumn<Guid>("content_id").AsPrimaryKey();
        freshness.AddColumn("freshness", "double precision").NotNull();
        freshness.Indexes.Add(new IndexDefinition("content_freshness_freshness") { Columns = ["freshness"] });

        // What a member does not want to see again; it is no fact of the log, and goes with the member.
        var dismissed = new Table("content_dismissals");
        dismissed.AddColumn<Guid>("member_id").AsPrimaryKey();
        dismissed.AddColumn<Guid>("content_id").AsPrimaryKey();

        return [neighbours, freshness, dismissed];
    }
}

/// <summary>Where something new was read, with a rest in between.</summary>
internal sealed class FindNeighbours(NpgsqlDataSource database, TimeProvider clock, ILogger<FindNeighbours> log) : PeriodicJob("find-neighbours", TimeSpan.FromSeconds(5), clock, log)
{
    // Two replicas may come at once: the second one waits, and does the same.
    private const string Lock = "select pg_advisory_xact_lock(7350015)";

    private static readonly string Find =
        $"""
        delete from content_neighbours;
        insert into content_neighbours (content_id, neighbour_id, score) {ItemCosine.Neighbours(ContentsAccess.Reading)};
        delete from content_freshness;
        insert into content_freshness (content_id, freshness)
        select item_id, sum({ItemCosine.Freshness("greatest(@now - at, interval '0')")}) from {ContentsAccess.Reading} r where at > @since group by item_id;
        """;

    private long _seen = -1;
    private long _ended;
    private TimeSpan _took;

    protected override async Task Do(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var seen = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "select coalesce((select last_seq_id from mt_event_progression where name = 'content-statistics:All'), 0)", cancellationToken: ct));

        if (seen == _seen || Clock.GetElapsedTime(_ended) < Pace.RestAfter(_took))
        {
            return;
        }

        var started = Clock.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Lock, cancellationToken: ct));
        var now = Clock.GetUtcNow();
        await connection.ExecuteAsync(new CommandDefinition(Find, new { now, since = now.AddDays(-ItemCosine.FreshDays) }, commandTimeout: 0, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        (_seen, _ended, _took) = (seen, Clock.GetTimestamp(), Clock.GetElapsedTime(started));
    }
}
