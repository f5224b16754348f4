using Community.EventStore;
using Marten;
using Weasel.Postgresql.Tables;

namespace Community.Incentives.Points;

/// <summary>
/// What was told of each cause, as settlement and simulation read it, and which weeks of which members have yet to be
/// settled. The settlement writes both from the log, in the log's order.
/// </summary>
internal sealed class CauseTable : IStorePart
{
    /// <summary>Told in any order and again, it comes to the same row.</summary>
    public const string Record =
        """
        insert into points_causes as c (cause, activity, actor_id, author_id, subject, kind, area, quality, first_at, last_at, alive, day, second_of_day, settled_as, event_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, true, $10, $11, $12, $13)
        on conflict (cause) do update set
            activity = case when c.activity is null or excluded.last_at >= c.last_at then excluded.activity else c.activity end,
            actor_id = coalesce(c.actor_id, excluded.actor_id),
            author_id = coalesce(c.author_id, excluded.author_id),
            subject = coalesce(c.subject, excluded.subject),
            kind = coalesce(c.kind, excluded.kind),
            area = coalesce(c.area, excluded.area),
            quality = coalesce(c.quality, excluded.quality),
            settled_as = coalesce(c.settled_as, excluded.settled_as),
            event_id = case when c.first_at <= excluded.first_at then c.event_id else excluded.event_id end,
            day = case when c.first_at <= excluded.first_at then c.day else excluded.day end,
            second_of_day = case when c.first_at <= excluded.first_at then c.second_of_day else excluded.second_of_day end,
            first_at = least(c.first_at, excluded.first_at),
            alive = case when excluded.last_at > c.last_at then true else c.alive end,
            last_at = greatest(c.last_at, excluded.last_at)
        """;

    public const string Withdraw =
        """
        insert into points_causes as c (cause, last_at, alive, deleted) values ($1, $2, false, $3)
        on conflict (cause) do update set
            alive = case when excluded.last_at >= c.last_at then false else c.alive end,
            last_at = greatest(c.last_at, excluded.last_at),
            deleted = c.deleted or excluded.deleted
        """;

    public const string Hold = "update points_causes set held = $2 where cause = $1 and not released";

    public const string Release = "update points_causes set held = null, hold_confirmed = false, released = true where cause = $1";

    public const string Confirm = "update points_causes set hold_confirmed = true where cause = $1 and held is not null";

    /// <summary>The author of what something was done to, whichever of the two is told first.</summary>
    public const string FindAuthors =
        """
        update points_causes c set author_id = s.actor_id from points_causes s
        where s.cause = c.subject and s.actor_id is not null and c.author_id is null and (c.cause = any($1) or c.subject = any($1))
        """;

    /// <summary>Whomever the causes concern, and what was done to them.</summary>
    public const string Due =
        """
        insert into points_due (member_id, week)
        select distinct m.member_id, date_trunc('week', c.day)::date
        from points_causes c cross join lateral (values (c.actor_id), (c.author_id)) m (member_id)
        where (c.cause = any($1) or c.subject = any($1)) and c.day is not null and m.member_id is not null
        on conflict do nothing
        """;

    public const string DueSince =
        """
        insert into points_due (member_id, week)
        select distinct m.member_id, date_trunc('week', c.day)::date
        from points_causes c cross join lateral (values (c.actor_id), (c.author_id)) m (member_id)
        where c.first_at >= $1 and m.member_id is not null
        on conflict do nothing
        """;

    /// <summary>One row for each member that a cause concerns, as the fold takes them.</summary>
    /// <param name="causes">What of <c>points_causes c</c>, and of which members <c>m</c>.</param>
    public static string Facts(string causes) =>
        $"""
        select m.member_id, c.cause, c.activity, m.role, case when m.role = 0 then c.author_id else c.actor_id end as counterpart,
            c.first_at, c.day, c.second_of_day, coalesce(c.kind, s.kind) as kind, coalesce(c.area, s.area) as area, coalesce(c.quality, s.quality) as quality,
            c.alive and not c.deleted and c.held is null and not (coalesce(s.deleted, false) and c.activity = any(@values)) as counts,
            c.settled_as, coalesce(c.actor_id = c.author_id, false) as own, c.held is not null as held, f.rules, f.versions, f.points
        {causes}
        left join points_causes s on s.cause = c.subject
        left join lateral (
            select array_agg(e.rule order by e.rule) as rules, array_agg(e.version order by e.rule) as versions, array_agg(e.points order by e.rule) as points
            from (select rule, max(rule_version) as version, sum(points)::int as points from points_entries
                where member_id = m.member_id and cause = c.settled_as and number = 0 and kind = 'earned' group by rule) e) f on c.settled_as is not null
        order by m.member_id, c.day, c.first_at, c.cause collate "C"
        """;

    public void Configure(StoreOptions options)
    {
        var causes = new Table("points_causes");
        causes.AddColumn<string>("cause").AsPrimaryKey();
        causes.AddColumn<string>("activity");
        causes.AddColumn<Guid>("actor_id");
        causes.AddColumn<Guid>("author_id");
        causes.AddColumn<string>("subject");
        causes.AddColumn<string>("kind");
        causes.AddColumn<string>("area");
        causes.AddColumn<int>("quality");
        causes.AddColumn("first_at", "timestamptz");
        causes.AddColumn("last_at", "timestamptz").NotNull();
        causes.AddColumn<bool>("alive").NotNull();
        causes.AddColumn<bool>("deleted").NotNull().DefaultValueByExpression("false");
        causes.AddColumn<string>("held");
        causes.AddColumn<bool>("hold_confirmed").NotNull().DefaultValueByExpression("false");
        causes.AddColumn<bool>("released").NotNull().DefaultValueByExpression("false");
        causes.AddColumn("day", "date");
        causes.AddColumn<int>("second_of_day");
        // The cause's name in entries of a release that settled day by day: what it paid stands.
        causes.AddColumn<string>("settled_as");
        causes.AddColumn<Guid>("event_id");
        causes.Indexes.Add(new IndexDefinition("points_causes_actor") { Columns = ["actor_id", "day"] });
        causes.Indexes.Add(new IndexDefinition("points_causes_author") { Columns = ["author_id", "day"] });
        causes.Indexes.Add(new IndexDefinition("points_causes_actor_activity") { Columns = ["activity", "actor_id"] });
        causes.Indexes.Add(new IndexDefinition("points_causes_author_activity") { Columns = ["activity", "author_id"] });
        causes.Indexes.Add(new IndexDefinition("points_causes_subject") { Columns = ["subject"] });
        causes.Indexes.Add(new IndexDefinition("points_causes_held") { Columns = ["cause"], Predicate = "held is not null" });
        options.Storage.ExtendedSchemaObjects.Add(causes);

        var due = new Table("points_due");
        due.AddColumn<Guid>("member_id").AsPrimaryKey();
        due.AddColumn("week", "date").AsPrimaryKey();
        options.Storage.ExtendedSchemaObjects.Add(due);
    }
}
