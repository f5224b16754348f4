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

/// <param name="MemberId">Whom it would pay.</param>
/// <param name="Because"><c>burst</c> or <c>ring</c>.</param>
internal readonly record struct Suspicion(string Cause, Guid MemberId, string Because);

/// <summary>Holds what looks like abuse until an operator has looked at it.</summary>
internal sealed class Suspicions(IDocumentStore store, Bursts bursts, Rings rings, TimeProvider clock)
{
    /// <param name="causes">That are recorded.</param>
    public async Task<IReadOnlyList<Suspicion>> Hold(IReadOnlyCollection<string> causes, CancellationToken ct)
    {
        if (causes.Count == 0)
        {
            return [];
        }

        string[] recorded = [.. causes];
        var found = (await bursts.Find(recorded, ct)).Concat(await rings.Find(recorded, ct)).DistinctBy(one => one.Cause).ToList();

        foreach (var (cause, member, because) in found)
        {
            await store.Handle(Holding.Decider, Holding.Stream(cause), new HoldCause(new(cause, member, because, clock.GetUtcNow())), ct);
        }

        return found;
    }
}

/// <summary>
/// A few members who value one another's work again and again within a week before or after: where most of what a member
/// receives comes from those who get as much back, that is held. How much is too much is told to nobody.
/// </summary>
internal sealed class Rings(NpgsqlDataSource database, IConfiguration configuration)
{
    private const int UsuallyTooMany = 10;
    private const double UsuallyMost = 0.5;
    private const int Days = 6;
    private static readonly string[] Votes = [Activities.Upvote, Activities.AcceptedReply, Activities.Reaction];

    public async Task<IReadOnlyList<Suspicion>> Find(string[] causes, CancellationToken ct)
    {
        if (configuration.GetValue("AntiAbuse:RingVotes", UsuallyTooMany) is not (> 0 and var tooMany))
        {
            return [];
        }

        await using var select = database.CreateCommand(
            """
            with seeds as (
                select distinct m.member, c.day from points_causes c cross join lateral (values (c.author_id), (c.actor_id)) m (member)
                where c.cause = any($1) and c.activity = any($2) and c.actor_id <> c.author_id and c.alive and c.day is not null),
            received as (
                select s.member, s.day, c.cause, c.actor_id as other from seeds s
                join points_causes c on c.author_id = s.member and c.day between s.day - $5 and s.day + $5
                where c.activity = any($2) and c.alive and not c.deleted and c.actor_id <> c.author_id),
            given as (
                select s.member, s.day, c.author_id as other, count(*) as times from seeds s
                join points_causes c on c.actor_id = s.member and c.day between s.day - $5 and s.day + $5
                where c.activity = any($2) and c.alive and not c.deleted and c.actor_id <> c.author_id group by 1, 2, 3),
            partners as (
                select r.member, r.day, r.other from received r join given g using (member, day, other)
                group by 1, 2, 3, g.times having least(count(*), g.times) >= $3),
            rings as (
                select r.member, r.day from received r left join partners p on (p.member, p.day, p.other) = (r.member, r.day, r.other)
                group by 1, 2 having count(p.other) > 0 and count(p.other) >= $4 * count(*))
            select distinct r.cause, r.member from received r join rings using (member, day) join partners using (member, day, other)
            join points_causes c on c.cause = r.cause and c.held is null and not c.released
            """);
        select.Parameters.Add(new() { Value = causes });
        select.Parameters.Add(new() { Value = Votes });
        select.Parameters.Add(new() { Value = tooMany });
        select.Parameters.Add(new() { Value = configuration.GetValue("AntiAbuse:RingShare", UsuallyMost) });
        select.Parameters.Add(new() { Value = Days });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var found = new List<Suspicion>();

        while (await rows.ReadAsync(ct))
        {
            found.Add(new(rows.GetString(0), rows.GetGuid(1), "ring"));
        }

        return found;
    }
}

/// <summary>
/// Many new accounts that benefit one member within a day: what they did is held until an operator has looked at it. How many
/// are too many is told to nobody.
/// </summary>
internal sealed class Bursts(NpgsqlDataSource database, IConfiguration configuration)
{
    private const int UsuallyTooMany = 10;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public async Task<IReadOnlyList<Suspicion>> Find(string[] causes, CancellationToken ct)
    {
        if (configuration.GetValue("AntiAbuse:NewAccounts", UsuallyTooMany) is not (> 0 and var tooMany))
        {
            return [];
        }

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
        var found = new List<Suspicion>();

        while (await rows.ReadAsync(ct))
        {
            found.Add(new(rows.GetString(0), rows.GetGuid(1), "burst"));
        }

        return found;
    }
}
