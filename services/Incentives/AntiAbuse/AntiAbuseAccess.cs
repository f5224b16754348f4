using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.AntiAbuse;

/// <summary>How old accounts are.</summary>
internal sealed class AccountAges : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("account_ages");
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        table.AddColumn("joined_at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

internal sealed class NoteAgeWhenMemberJoined(IDocumentStore store) : IConsumer<MemberJoined>
{
    public Task Consume(ConsumeContext<MemberJoined> context) => store.Once(context, session => session.QueueSqlCommand(
        "insert into account_ages (member_id, joined_at) values (?, ?) on conflict do nothing", context.Message.MemberId, context.Message.JoinedAt.ToUniversalTime()));
}

/// <summary>The age of an account that is erased is forgotten, also where it is heard of only later.</summary>
internal sealed class ForgetAgeWhenMemberErased(IDocumentStore store) : IConsumer<MemberErased>
{
    // The row stays without an age, so that a joining that is told after it brings none back.
    public Task Consume(ConsumeContext<MemberErased> context) => store.Once(context, session => session.QueueSqlCommand(
        "insert into account_ages (member_id, joined_at) values (?, '-infinity') on conflict (member_id) do update set joined_at = excluded.joined_at", context.Message.MemberId));
}

/// <summary>
/// Many new accounts that benefit one member within a day: what they did is held until an operator has looked at it. How many
/// are too many is told to nobody.
/// </summary>
internal sealed class Bursts(IDocumentStore store, NpgsqlDataSource database, IConfiguration configuration, TimeProvider clock)
{
    private const int UsuallyTooMany = 10;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Holds what belongs to a burst with one of these causes.</summary>
    /// <param name="causes">That are recorded.</param>
    public async Task<IReadOnlyList<string>> Hold(IReadOnlyCollection<string> causes, CancellationToken ct)
    {
        if (causes.Count == 0 || configuration.GetValue("AntiAbuse:NewAccounts", UsuallyTooMany) is not (> 0 and var tooMany))
        {
            return [];
        }

        var found = await Find([.. causes], tooMany, ct);

        foreach (var (cause, member) in found)
        {
            await store.Handle(Holding.Decider, Holding.Stream(cause), new HoldCause(new(cause, member, "burst", clock.GetUtcNow())), ct);
        }

        return found.ConvertAll(one => one.Cause);
    }

    private async Task<List<(string Cause, Guid MemberId)>> Find(string[] causes, int tooMany, CancellationToken ct)
    {
        await using var select = database.CreateCommand(
            """
            with near as (
                select seed.cause as seed, c.cause, c.author_id, c.actor_id
                from points_causes seed
                join points_causes c on c.author_id = seed.author_id and c.activity = any($2) and c.first_at between seed.first_at - $3 and seed.first_at + $3
                join account_ages a on a.member_id = c.actor_id and c.first_at < a.joined_at + $3
                where seed.cause = any($1) and seed.activity = any($2) and c.actor_id <> c.author_id and c.alive),
            bursts as (select seed from near group by seed having count(distinct actor_id) >= $4)
            select distinct n.cause, n.author_id from near n join bursts using (seed)
            join points_causes c on c.cause = n.cause and c.held is null and not c.released
            """);
        select.Parameters.Add(new() { Value = causes });
        select.Parameters.Add(new() { Value = Activities.Valuing.ToArray() });
        select.Parameters.Add(new() { Value = Day });
        select.Parameters.Add(new() { Value = tooMany });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var found = new List<(string, Guid)>();

        while (await rows.ReadAsync(ct))
        {
            found.Add((rows.GetString(0), rows.GetGuid(1)));
        }

        return found;
    }
}
