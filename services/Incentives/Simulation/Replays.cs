using System.Collections.Immutable;
using System.Text.Json;
using Community.EventStore;
using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Dapper;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Simulation;

internal enum ReplayStatus { Running, Finished, Cancelled, Failed }

/// <param name="Before">By the rules as they were.</param>
/// <param name="After">By the candidate.</param>
internal sealed record ReplayTotals(long Before, long After);

/// <summary>A tenth of the members has no more than these points.</summary>
/// <param name="Share">In percent of the members who have done something.</param>
internal sealed record ReplayQuantile(int Share, long Before, long After);

internal sealed record ReplayState(
    Guid ReplayId, ImmutableList<EarningRule> Rules, DateTimeOffset Since, ReplayStatus Status, long Progress, long Total, ReplayTotals? Totals, ReplayTotals? RewardCost,
    IReadOnlyList<LevelMove> LevelMoves, IReadOnlyList<ReplayQuantile> Distribution, int? AppliedAs, DateTimeOffset StartedAt);

/// <summary>Replays are work and no facts: nothing of them is in the log until one is applied.</summary>
internal sealed class ReplayTables : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var replays = new Table("rule_replays");
        replays.AddColumn<Guid>("replay_id").AsPrimaryKey();
        replays.AddColumn("rules", "jsonb").NotNull();
        replays.AddColumn("since", "timestamptz").NotNull();
        replays.AddColumn<string>("status").NotNull();
        replays.AddColumn("progress", "bigint").NotNull();
        replays.AddColumn("total", "bigint").NotNull();
        replays.AddColumn("result", "jsonb");
        replays.AddColumn<int>("applied_as");
        replays.AddColumn("started_at", "timestamptz").NotNull();
        replays.Indexes.Add(new IndexDefinition("rule_replays_running") { Columns = ["started_at"], Predicate = "status = 'running'" });
        options.Storage.ExtendedSchemaObjects.Add(replays);

        var members = new Table("rule_replay_members");
        members.AddColumn<Guid>("replay_id").AsPrimaryKey();
        members.AddColumn<Guid>("member_id").AsPrimaryKey();
        members.AddColumn("before", "bigint").NotNull();
        members.AddColumn("after", "bigint").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(members);
    }
}

internal sealed class Replays(NpgsqlDataSource database)
{
    /// <summary>An older one goes as others are started. Of one that was applied the totals stay, and what each member would have goes.</summary>
    public const int Kept = 20;

    /// <summary>So many run, or wait until they do.</summary>
    public const int AtOnce = 5;

    private sealed record Result(ReplayTotals Totals, IReadOnlyList<LevelMove> LevelMoves, IReadOnlyList<ReplayQuantile> Distribution, ReplayTotals? RewardCost = null);

    /// <summary>Nothing is started while <see cref="AtOnce"/> others run.</summary>
    public async Task Start(Guid id, ImmutableList<EarningRule> rules, DateTimeOffset since, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with old as (
                select replay_id from rule_replays where status <> 'running' and replay_id not in (
                    select replay_id from rule_replays order by started_at desc, replay_id desc limit @Kept - 1)),
            outcomes as (delete from rule_replay_members where replay_id in (select replay_id from old)),
            gone as (delete from rule_replays where applied_as is null and replay_id in (select replay_id from old))
            insert into rule_replays (replay_id, rules, since, status, progress, total, started_at)
            select @id, @rules::jsonb, @since, 'running', 0, (select count(*) from points_causes where day is not null), @now
            where (select count(*) from rule_replays where status = 'running') < @AtOnce on conflict do nothing
            """,
            new { id, rules = JsonSerializer.Serialize(rules, EventTypes.Json), since = since.ToUniversalTime(), now, Kept, AtOnce }, cancellationToken: ct));
    }

    public async Task<ReplayState?> Find(Guid id, CancellationToken ct) => await Read("where replay_id = @id", new { id }, ct) is [var found, ..] ? found : null;

    public Task<IReadOnlyList<ReplayState>> Latest(DateTimeOffset? before, int limit, CancellationToken ct) => Read(
        "where @before::timestamptz is null or started_at < @before::timestamptz order by started_at desc limit @limit", new { before = before?.ToUniversalTime(), limit }, ct);

    /// <summary>The one that waits longest to be run to its end.</summary>
    public async Task<ReplayState?> Next(CancellationToken ct) => await Read("where status = 'running' order by started_at limit 1", new { }, ct) is [var next, ..] ? next : null;

    /// <summary>False: it has ended before.</summary>
    public async Task<bool> Cancel(Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return await connection.ExecuteAsync(new CommandDefinition(
            "update rule_replays set status = 'cancelled' where replay_id = @id and status = 'running'", new { id }, cancellationToken: ct)) > 0;
    }

    /// <summary>Together with the rule set that is adopted.</summary>
    public static void Applied(IDocumentSession session, Guid id, int version) =>
        session.QueueSqlCommand("update rule_replays set applied_as = ? where replay_id = ?", version, id);

    /// <summary>Its rules were in force already.</summary>
    public async Task Applied(Guid id, int version, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("update rule_replays set applied_as = @version where replay_id = @id", new { id, version }, cancellationToken: ct));
    }

    public async Task Fail(Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "update rule_replays set status = 'failed' where replay_id = @id and status = 'running'", new { id }, cancellationToken: ct));
    }

    /// <summary>Keeps members' outcomes, and says how far it is. False: it was cancelled.</summary>
    public async Task<bool> Keep(Guid id, IReadOnlyList<MemberOutcome> outcomes, long progress, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into rule_replay_members (replay_id, member_id, before, after)
            select @id, m, b, a from unnest(@members, @before, @after) o (m, b, a) on conflict (replay_id, member_id) do update set before = excluded.before, after = excluded.after
            """,
            new { id, members = outcomes.Select(o => o.MemberId).ToArray(), before = outcomes.Select(o => o.Before).ToArray(), after = outcomes.Select(o => o.After).ToArray() },
            cancellationToken: ct));

        return await connection.ExecuteAsync(new CommandDefinition(
            "update rule_replays set progress = @progress where replay_id = @id and status = 'running'", new { id, progress }, cancellationToken: ct)) > 0;
    }

    public async Task Finish(Guid id, IReadOnlyList<LevelMove> moves, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var totals = await connection.QuerySingleAsync<ReplayTotals>(new CommandDefinition(
            "select coalesce(sum(before), 0)::bigint as before, coalesce(sum(after), 0)::bigint as after from rule_replay_members where replay_id = @id", new { id }, cancellationToken: ct));
        var distribution = await connection.QueryAsync<ReplayQuantile>(new CommandDefinition(
            """
            select (s * 10) as share, percentile_disc(s / 10.0) within group (order by before) as before, percentile_disc(s / 10.0) within group (order by after) as after
            from rule_replay_members cross join generate_series(1, 10) s where replay_id = @id group by s order by s
            """,
            new { id }, cancellationToken: ct));
        // What members could spend on rewards: what they have, and what they would have more or less.
        var cost = await connection.QuerySingleAsync<ReplayTotals>(new CommandDefinition(
            """
            select coalesce(sum(greatest(coalesce(b.balance, 0), 0)), 0)::bigint as before,
                coalesce(sum(greatest(coalesce(b.balance, 0) + coalesce(r.after - r.before, 0), 0)), 0)::bigint as after
            from points_balances b full join (select * from rule_replay_members where replay_id = @id) r on r.member_id = b.member_id
            """,
            new { id }, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(
            "update rule_replays set status = 'finished', progress = total, result = @result::jsonb where replay_id = @id and status = 'running'",
            new { id, result = JsonSerializer.Serialize(new Result(totals, moves, [.. distribution], cost), EventTypes.Json) }, cancellationToken: ct));
    }

    /// <param name="sign">1: who gains most. -1: who loses most.</param>
    public async Task<IReadOnlyList<MemberOutcome>> Extremes(Guid id, int sign, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<MemberOutcome>(new CommandDefinition(
            """
            select member_id as memberId, before, after from rule_replay_members
            where replay_id = @id and (after - before) * @sign > 0 order by (after - before) * @sign desc, member_id limit 20
            """,
            new { id, sign }, cancellationToken: ct))];
    }

    /// <summary>All recorded activities, by member, as they come from the database.</summary>
    public async IAsyncEnumerable<Fact> Facts(Guid? member, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var select = database.CreateCommand(CauseTable.Facts(
            """
            from points_causes c
            join lateral (values (c.actor_id, 0), (case when c.author_id is distinct from c.actor_id then c.author_id end, 1)) m (member_id, role)
                on m.member_id is not null and c.day is not null and (@member::uuid is null or m.member_id = @member::uuid)
            """));
        select.CommandTimeout = 0;
        select.Parameters.Add(new("member", (object?)member ?? DBNull.Value));

        await foreach (var fact in FactReader.All(select, ct))
        {
            yield return fact;
        }
    }

    private async Task<IReadOnlyList<ReplayState>> Read(string which, object parameters, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"select replay_id, rules::text, since, status, progress, total, result::text, applied_as, started_at from rule_replays {which}", parameters, cancellationToken: ct));

        return [.. rows.Select(row => row.State)];
    }

    private sealed record Row(
        Guid Replay_Id, string Rules, DateTime Since, string Status, long Progress, long Total, string? Result, int? Applied_As, DateTime Started_At)
    {
        public ReplayState State
        {
            get
            {
                var result = Result is null ? null : JsonSerializer.Deserialize<Result>(Result, EventTypes.Json);

                return new ReplayState(
                    Replay_Id, JsonSerializer.Deserialize<ImmutableList<EarningRule>>(Rules, EventTypes.Json)!, Since, Enum.Parse<ReplayStatus>(Status, ignoreCase: true), Progress, Total,
                    result?.Totals, result?.RewardCost, result?.LevelMoves ?? [], result?.Distribution ?? [], Applied_As, Started_At);
            }
        }
    }
}

/// <summary>Runs replays to their end, one at a time and on one replica: whoever holds the lock. One that was interrupted begins again.</summary>
internal sealed class RunReplays(Replays replays, RulesInForce rulesInForce, LevelsAccess levels, ConnectionOptions connections, TimeProvider clock, ILogger<RunReplays> log)
    : PeriodicJob("run-replays", TimeSpan.FromSeconds(1), clock, log)
{
    private const long Lock = 7_350_101;
    private const int MembersAtOnce = 1_000;

    protected override async Task Do(CancellationToken ct)
    {
        if (await replays.Next(ct) is not { } replay)
        {
            return;
        }

        await using var session = new NpgsqlConnection(connections.Unpooled);
        await session.OpenAsync(ct);

        if (await session.ExecuteScalarAsync<bool>(new CommandDefinition("select pg_try_advisory_lock(@Lock)", new { Lock }, cancellationToken: ct)))
        {
            await Run(replay, ct);
        }
    }

    private async Task Run(ReplayState replay, CancellationToken ct)
    {
        try
        {
            var rules = await rulesInForce.Read(ct);
            var (moves, outcomes, progress) = (new LevelMoves(await levels.Scale(ct)), new List<MemberOutcome>(MembersAtOnce), 0L);

            await foreach (var outcome in Replay.Run(Counted(), rules, rules.With(replay.Rules, replay.Since)).WithCancellation(ct))
            {
                moves.Add(outcome);
                outcomes.Add(outcome);

                if (outcomes.Count == MembersAtOnce)
                {
                    if (!await replays.Keep(replay.ReplayId, outcomes, Math.Min(progress, replay.Total), ct))
                    {
                        return;
                    }

                    outcomes.Clear();
                }
            }

            if (await replays.Keep(replay.ReplayId, outcomes, replay.Total, ct))
            {
                await replays.Finish(replay.ReplayId, moves.All, ct);
            }

            async IAsyncEnumerable<Fact> Counted()
            {
                await foreach (var fact in replays.Facts(member: null, ct))
                {
                    progress += fact.Role == Role.Actor || fact.Counterpart is null ? 1 : 0;

                    yield return fact;
                }
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested && !e.IsDatabaseAway())
        {
            await replays.Fail(replay.ReplayId, ct);
            throw;
        }
    }
}
