using Community.EventStore;
using Community.Incentives.AntiAbuse;
using Community.Incentives.Badges;
using Community.Incentives.Rules;
using Community.Privacy;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Daemon;
using Marten.Subscriptions;
using Npgsql;

namespace Community.Incentives.Points;

/// <summary>
/// Brings the ledger to what the recorded causes earn: page by page of the log, by one replica at a time. What is posted is
/// the difference between the fold and the ledger, so that doing it again posts nothing, and the order in which causes came
/// does not matter.
/// </summary>
internal sealed class SettlePoints : SubscriptionBase
{
    private readonly IServiceProvider _services;

    public SettlePoints(IServiceProvider services)
    {
        (_services, Name) = (services, "settle-points");
        IncludeType<CauseRecorded>();
        IncludeType<CauseWithdrawn>();
        IncludeType<PointsEarned>();
        IncludeType<PointsWithheld>();
        IncludeType<RuleSetAdopted>();
        IncludeType<PointsSwitched>();
        IncludeType<CauseHeld>();
        IncludeType<CauseReleased>();
        IncludeType<CauseHoldConfirmed>();
        IncludeType<BadgeDefined>();
    }

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        CommandMetadata.Set(new CommandMetadata(Name, null, null));
        var changed = await Record(page.Events, cancellationToken);
        changed.AddRange(await Hold(page.Events, cancellationToken));
        await _services.GetRequiredService<Settlement>().SettleDue(cancellationToken);
        await _services.GetRequiredService<BadgeAwarding>().Award(changed, page.Events, cancellationToken);

        return NullChangeListener.Instance;
    }

    // Before it is settled: what is held pays nothing, not even for a moment.
    private async Task<IEnumerable<string>> Hold(IReadOnlyList<IEvent> events, CancellationToken ct)
    {
        var held = await _services.GetRequiredService<Suspicions>().Hold([.. events.Select(e => e.Data).OfType<CauseRecorded>().Select(cause => cause.Cause)], ct);
        await using var connection = await _services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(ct);
        await using var writes = new NpgsqlBatch(connection);

        foreach (var (cause, _, because) in held)
        {
            writes.BatchCommands.Add(Command(CauseTable.Hold, cause, because));
        }

        if (held.Count > 0)
        {
            writes.BatchCommands.Add(Command(CauseTable.Due, [held.Select(one => one.Cause).ToArray()]));
            await writes.ExecuteNonQueryAsync(ct);
        }

        return held.Select(one => one.Cause);
    }

    private async Task<List<string>> Record(IReadOnlyList<IEvent> events, CancellationToken ct)
    {
        var zone = _services.GetRequiredService<CommunityZone>();
        await using var connection = await _services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var writes = new NpgsqlBatch(connection, transaction);
        var causes = new List<string>();

        foreach (var e in events)
        {
            switch (e.Data)
            {
                case CauseRecorded cause:
                    Add(cause, settledAs: null, e.Id, await zone.At(cause.At, ct));
                    break;

                case CauseWithdrawn cause:
                    causes.Add(cause.Cause);
                    writes.BatchCommands.Add(Command(CauseTable.Withdraw, cause.Cause, cause.At.ToUniversalTime(), cause.ForGood));
                    break;

                case CauseHeld hold:
                    causes.Add(hold.Cause);
                    writes.BatchCommands.Add(Command(CauseTable.Hold, hold.Cause, hold.Because));
                    break;

                case CauseHoldConfirmed confirmation:
                    writes.BatchCommands.Add(Command(CauseTable.Confirm, confirmation.Cause));
                    break;

                case CauseReleased release:
                    causes.Add(release.Cause);
                    writes.BatchCommands.Add(Command(CauseTable.Release, release.Cause));
                    break;

                case PointsEarned { Number: 0 } earned:
                    Add(Former(earned.MemberId, earned.Activity, earned.Cause, earned.At), earned.Cause, e.Id, await zone.At(earned.At, ct));
                    break;

                case PointsWithheld withheld:
                    Add(Former(withheld.MemberId, withheld.Activity, withheld.Cause, withheld.At), withheld.Cause, e.Id, await zone.At(withheld.At, ct));
                    break;
            }
        }

        // A cause that is told of an earlier instant may leave a week behind.
        if (causes.Count > 0)
        {
            string[] all = [.. causes.Distinct()];
            writes.BatchCommands.Insert(0, Command(CauseTable.Due, [all]));
            writes.BatchCommands.Add(Command(CauseTable.FindAuthors, [all]));
            writes.BatchCommands.Add(Command(CauseTable.Due, [all]));
        }

        foreach (var since in events.Select(e => e.Data switch { RuleSetAdopted adopted => adopted.ValidFrom, PointsSwitched switched => switched.At, _ => (DateTimeOffset?)null }))
        {
            if (since is { } at)
            {
                writes.BatchCommands.Add(Command(CauseTable.DueSince, at.ToUniversalTime()));
            }
        }

        if (writes.BatchCommands.Count > 0)
        {
            await writes.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
        }

        return causes;

        void Add(CauseRecorded c, string? settledAs, Guid eventId, TimeZoneInfo zone)
        {
            var day = zone.DayOf(c.At);
            causes.Add(c.Cause);
            writes.BatchCommands.Add(Command(
                CauseTable.Record, c.Cause, c.Activity, c.ActorId, c.AuthorId, c.Subject, c.Kind, c.Area, c.Quality, c.At.ToUniversalTime(),
                day, (int)(c.At - zone.StartOf(day)).TotalSeconds, settledAs, eventId));
        }
    }

    // What many do to one content was told apart by the member only.
    private static CauseRecorded Former(Guid member, string activity, string cause, DateTimeOffset at) => activity switch
    {
        Activities.View or Activities.Reaction or Activities.Share or Activities.Feedback =>
            new($"{cause}/{member}", activity, member, null, $"content/{cause.Split('/')[1]}", null, null, null, at),
        Activities.AcceptedReply => new(cause, activity, null, member, $"reply/{cause.Split('/')[1]}", null, null, null, at),
        _ => new(cause, activity, member, null, null, null, null, null, at)
    };

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object?> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);

        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter ?? DBNull.Value });
        }

        return command;
    }
}

internal sealed class SettlePointsSubscription(IServiceProvider services) : IStorePart
{
    public void Configure(StoreOptions options) => options.Projections.Subscribe(new SettlePoints(services));
}

/// <summary>Settles the weeks that are due, some members at a time.</summary>
internal sealed class Settlement(IDocumentStore store, NpgsqlDataSource database, RulesInForce rulesInForce, TimeProvider clock)
{
    private const int MembersAtOnce = 50;

    public async Task SettleDue(CancellationToken ct)
    {
        while (await Due(ct) is { Count: > 0 } due)
        {
            var rules = await rulesInForce.Read(ct);
            // A rule that looks back needs all that the member did.
            var commands = await Differences(rules, due, rules.LooksBack, ct);

            if (commands.Count > 0)
            {
                await store.HandleBatch(CauseEntries.Decider, commands, ct);
            }

            await using var done = database.CreateCommand(
                "delete from points_due d using unnest($1::uuid[], $2::date[]) s (member_id, week) where (d.member_id, d.week) = (s.member_id, s.week)");
            done.Parameters.Add(new() { Value = due.Select(one => one.MemberId).ToArray() });
            done.Parameters.Add(new() { Value = due.Select(one => one.Week).ToArray() });
            await done.ExecuteNonQueryAsync(ct);
        }
    }

    private async Task<List<(Guid MemberId, DateOnly Week)>> Due(CancellationToken ct)
    {
        await using var select = database.CreateCommand(
            """
            select member_id, week from points_due
            where member_id in (select distinct member_id from points_due order by member_id limit $1) order by member_id, week
            """);
        select.Parameters.Add(new() { Value = MembersAtOnce });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var due = new List<(Guid, DateOnly)>();

        while (await rows.ReadAsync(ct))
        {
            due.Add((rows.GetGuid(0), rows.GetFieldValue<DateOnly>(1)));
        }

        return due;
    }

    private async Task<List<(Guid, SettleCause, CommandOptions)>> Differences(
        RuleSetHistory rules, List<(Guid MemberId, DateOnly Week)> due, bool whole, CancellationToken ct)
    {
        var facts = await Facts(due, whole, ct);
        var paid = await Paid(facts, ct);
        var (now, commands, awards) = (clock.GetUtcNow(), new List<(Guid, SettleCause, CommandOptions)>(), new List<Award>());

        foreach (var member in facts.GroupBy(fact => fact.MemberId))
        {
            var earning = new Earning(rules);

            foreach (var fact in member)
            {
                awards.Clear();
                earning.Add(fact, awards);
                var before = fact.Settled ?? [];

                if (Differs(awards, before.Concat(paid[(fact.MemberId, fact.Cause)])))
                {
                    commands.Add((CauseEntries.Stream(fact.MemberId, fact.Cause), new SettleCause(fact, [.. awards], before, now), new CommandOptions()));
                }
            }
        }

        return commands;
    }

    private static bool Differs(List<Award> awards, IEnumerable<Award> entries)
    {
        var left = awards.ToDictionary(award => award.Rule, award => award.Points);

        foreach (var entry in entries)
        {
            left[entry.Rule] = left.GetValueOrDefault(entry.Rule) - entry.Points;
        }

        return left.Values.Any(points => points != 0);
    }

    private async Task<List<Fact>> Facts(List<(Guid MemberId, DateOnly Week)> due, bool whole, CancellationToken ct)
    {
        await using var select = database.CreateCommand(CauseTable.Facts(
            """
            from (
                select d.member_id, 0 as role, c.cause from unnest(@members, @from, @to) d (member_id, since, until)
                    join points_causes c on c.actor_id = d.member_id and c.day >= d.since and c.day < d.until
                union all
                select d.member_id, 1, c.cause from unnest(@members, @from, @to) d (member_id, since, until)
                    join points_causes c on c.author_id = d.member_id and c.author_id is distinct from c.actor_id and c.day >= d.since and c.day < d.until) m
            join points_causes c on c.cause = m.cause
            """));
        var ranges = whole ? [.. due.DistinctBy(one => one.MemberId).Select(one => (one.MemberId, Week: DateOnly.MinValue))] : due;
        select.Parameters.Add(new("members", ranges.Select(one => one.MemberId).ToArray()));
        select.Parameters.Add(new("from", ranges.Select(one => one.Week).ToArray()));
        select.Parameters.Add(new("to", ranges.Select(one => whole ? DateOnly.MaxValue : one.Week.AddDays(7)).ToArray()));

        return await FactReader.All(select, ct).ToListAsync(ct);
    }

    // What a release that settled day by day has paid stands in the facts.
    private async Task<ILookup<(Guid, string), Award>> Paid(List<Fact> facts, CancellationToken ct)
    {
        await using var select = database.CreateCommand(
            """
            select e.member_id, e.cause, e.rule, max(e.rule_version), sum(e.points)::int
            from unnest($1::uuid[], $2::text[]) n (member_id, cause)
            join points_entries e on (e.member_id, e.cause) = (n.member_id, n.cause) and e.kind in ('earned', 'reversed') and e.number > 0
            group by 1, 2, 3
            """);
        select.Parameters.Add(new() { Value = facts.Select(fact => fact.MemberId).ToArray() });
        select.Parameters.Add(new() { Value = facts.Select(fact => fact.Cause).ToArray() });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var entries = new List<((Guid, string) Of, Award Award)>();

        while (await rows.ReadAsync(ct))
        {
            entries.Add(((rows.GetGuid(0), rows.GetString(1)), new(rows.GetString(2), rows.GetInt32(3), rows.GetInt32(4), null)));
        }

        return entries.ToLookup(entry => entry.Of, entry => entry.Award);
    }
}

/// <summary>Reads what <see cref="CauseTable.Facts"/> selects, as it comes.</summary>
internal static class FactReader
{
    public static async IAsyncEnumerable<Fact> All(
        NpgsqlCommand select, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        select.Parameters.Add(new("values", Activities.Valuing.ToArray()));
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            yield return new Fact(
                rows.GetGuid(0), rows.GetString(1), rows.GetString(2), (Role)rows.GetInt32(3), rows.IsDBNull(4) ? null : rows.GetGuid(4),
                rows.GetFieldValue<DateTimeOffset>(5), rows.GetFieldValue<DateOnly>(6), rows.GetInt32(7),
                rows.IsDBNull(8) ? null : rows.GetString(8), rows.IsDBNull(9) ? null : rows.GetString(9), rows.IsDBNull(10) ? null : rows.GetInt32(10))
            {
                Counts = rows.GetBoolean(11),
                Settled = rows.IsDBNull(12) ? null : Settled(rows),
                IsOwn = rows.GetBoolean(13),
                IsHeld = rows.GetBoolean(14)
            };
        }
    }

    private static List<Award> Settled(NpgsqlDataReader rows)
    {
        if (rows.IsDBNull(15))
        {
            return [];
        }

        var (versions, points) = (rows.GetFieldValue<int[]>(16), rows.GetFieldValue<int[]>(17));

        return [.. rows.GetFieldValue<string[]>(15).Select((rule, i) => new Award(rule, versions[i], points[i], null))];
    }
}
