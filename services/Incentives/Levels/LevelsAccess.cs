using Community.EventStore;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Community.Incentives.Levels;

/// <summary>The levels as they are now.</summary>
internal sealed class LevelsAccess(IDocumentStore store)
{
    public async Task<LevelScale> Scale(CancellationToken ct) => (await store.Load(LevelScale.Decider, LevelScale.Stream, asOf: null, ct)).State;
}

/// <summary>Tells the level of whose points have changed, and of everybody where the levels have.</summary>
internal sealed class AnnounceLevels(IServiceProvider services)
    : EventSubscription(services, "announce-levels", typeof(Points.PointsEarned), typeof(Points.PointsReversed), typeof(Points.PointsAdjusted), typeof(LevelsSet))
{
    private const int AtOnce = 500;

    protected override async Task Follow(IEvent fact, CancellationToken ct)
    {
        var scale = await Service<LevelsAccess>().Scale(ct);

        if (fact.Data is LevelsSet)
        {
            for (var after = Guid.Empty; await Lifetimes(after, ct) is { Count: > 0 } members; after = members[^1].MemberId)
            {
                foreach (var (member, lifetime) in members)
                {
                    await Announce(member, scale.At(lifetime), fact.Timestamp, ct);
                }
            }
        }
        else if (Whose(fact.Data) is { } member)
        {
            await Announce(member, scale.At((await Service<Points.PointsQueries>().Balance(member, ct)).Lifetime), fact.Timestamp, ct);
        }
    }

    private async Task Announce(Guid member, Level level, DateTimeOffset at, CancellationToken ct) => await Store.Handle(
        MemberLevel.Decider, MemberLevel.Stream(member), new LevelChanged(member, level.Number, level.Name, level.Perks, at), ct);

    private static Guid? Whose(object fact) => fact switch
    {
        Points.PointsEarned e => e.MemberId,
        Points.PointsReversed e => e.MemberId,
        Points.PointsAdjusted e => e.MemberId,
        _ => null
    };

    private async Task<List<(Guid MemberId, long Lifetime)>> Lifetimes(Guid after, CancellationToken ct)
    {
        await using var select = Service<NpgsqlDataSource>().CreateCommand("select member_id, lifetime from points_balances where member_id > $1 order by member_id limit $2");
        select.Parameters.Add(new() { Value = after });
        select.Parameters.Add(new() { Value = AtOnce });
        await using var rows = await select.ExecuteReaderAsync(ct);
        var members = new List<(Guid, long)>();

        while (await rows.ReadAsync(ct))
        {
            members.Add((rows.GetGuid(0), rows.GetInt64(1)));
        }

        return members;
    }
}
