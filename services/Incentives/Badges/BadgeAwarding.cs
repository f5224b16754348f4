using Community.EventStore;
using Community.Incentives.Rules;
using Dapper;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Community.Incentives.Badges;

/// <summary>
/// Brings the awards of members to what their causes complete, as the settlement does with points: what is missing is awarded,
/// what is completed no more is withdrawn. Done again it does nothing.
/// </summary>
internal sealed class BadgeAwarding(IDocumentStore store, NpgsqlDataSource database, BadgesInForce badges, TimeProvider clock)
{
    private const int MembersAtOnce = 200;

    /// <param name="causes">That have changed, and are recorded.</param>
    /// <param name="news">Among them badges that were defined: they are awarded for the past too.</param>
    public async Task Award(IReadOnlyCollection<string> causes, IEnumerable<IEvent> news, CancellationToken ct)
    {
        var rules = await badges.Read(ct);
        var defined = news.Select(e => e.Data).OfType<BadgeDefined>().Select(e => e.Badge.BadgeId).ToHashSet();

        foreach (var badge in rules.Awarded)
        {
            for (var after = Guid.Empty; await Members(badge, defined.Contains(badge.BadgeId) ? null : causes, after, ct) is { Count: > 0 } members; after = members[^1])
            {
                await Award(badge, members, ct);
            }
        }
    }

    private async Task Award(BadgeRule badge, List<Guid> members, CancellationToken ct)
    {
        var (completed, held, now) = (await Completed(badge, members, ct), await Held(badge.BadgeId, members, ct), clock.GetUtcNow());
        var commands = new List<(Guid, BadgeCommand, CommandOptions)>();

        foreach (var (member, tier) in members.SelectMany(member => badge.Tiers.Select(tier => (member, tier))))
        {
            var award = Badge.AwardOf(badge.BadgeId, member, tier.Class);

            if (completed.TryGetValue((member, tier.Count), out var by) && !held.Contains(award))
            {
                commands.Add((
                    Badge.Stream(award),
                    new AwardBadge(new(award, member, badge.Name, tier.Class.ToString().ToLowerInvariant(), by.At, Imported: false) { BadgeId = badge.BadgeId, Cause = by.Cause }),
                    new CommandOptions()));
            }
            else if (by.Cause is null && held.Contains(award))
            {
                commands.Add((Badge.Stream(award), new WithdrawBadge(now), new CommandOptions()));
            }
        }

        if (commands.Count > 0)
        {
            await store.HandleBatch(Badge.Decider, commands, ct);
        }
    }

    /// <summary>Whom the causes concern, or, where none are given, all that the badge could be for.</summary>
    private async Task<List<Guid>> Members(BadgeRule badge, IReadOnlyCollection<string>? causes, Guid after, CancellationToken ct)
    {
        if (causes is { Count: 0 })
        {
            return [];
        }

        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<Guid>(new CommandDefinition(
            $"""
            select distinct c.{Of(badge)} from points_causes c
            where c.activity = @Activity and c.{Of(badge)} > @after {(causes is null ? "" : "and (c.cause = any(@causes) or c.subject = any(@causes))")}
            order by 1 limit @MembersAtOnce
            """,
            new { badge.Activity, after, causes = causes?.ToArray(), MembersAtOnce }, cancellationToken: ct))];
    }

    /// <summary>The activity that completes each class, in the order in which they were done.</summary>
    private async Task<Dictionary<(Guid, int), (string Cause, DateTimeOffset At)>> Completed(BadgeRule badge, List<Guid> members, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(Guid Member, long Count, string Cause, DateTime At)>(new CommandDefinition(
            $"""
            select member_id, n, cause, first_at from (
                select c.{Of(badge)} as member_id, c.cause, c.first_at,
                    row_number() over (partition by c.{Of(badge)} order by c.day, c.first_at, c.cause collate "C") as n
                from points_causes c left join points_causes s on s.cause = c.subject
                where c.{Of(badge)} = any(@members) and c.activity = @Activity and c.day is not null
                    and c.alive and not c.deleted and c.held is null
                    and (not @valued or (not coalesce(s.deleted, false) and c.actor_id is distinct from c.author_id))
                    and (@Kind::text is null or coalesce(c.kind, s.kind) = @Kind::text) and (@Area::text is null or coalesce(c.area, s.area) = @Area::text)
                    and (@MinQuality::int is null or coalesce(c.quality, s.quality) >= @MinQuality::int)) r
            where n = any(@counts)
            """,
            new
            {
                members,
                badge.Activity,
                valued = Activities.Values(badge.Activity),
                badge.When?.Kind,
                badge.When?.Area,
                badge.MinQuality,
                counts = badge.Tiers.Select(tier => tier.Count).ToArray()
            }, cancellationToken: ct));

        return rows.ToDictionary(row => (row.Member, (int)row.Count), row => (row.Cause, (DateTimeOffset)row.At));
    }

    private async Task<HashSet<Guid>> Held(Guid badge, List<Guid> members, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);

        return [.. await connection.QueryAsync<Guid>(new CommandDefinition(
            "select award_id from badge_awards where badge_id = @badge and member_id = any(@members)", new { badge, members }, cancellationToken: ct))];
    }

    private static string Of(BadgeRule badge) => badge.To == Beneficiary.Author ? "author_id" : "actor_id";
}
