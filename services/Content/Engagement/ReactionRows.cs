using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events.Aggregation;

namespace Community.Content.Engagement;

/// <summary>The reactions of one member to one content, as they are counted.</summary>
internal sealed record ReactionRow(Guid Id, Guid ContentId, Guid MemberId, ReactionKind[] Kinds);

/// <summary>Inline: who has just reacted sees it counted.</summary>
internal sealed class ReactionRows : SingleStreamProjection<ReactionRow, Guid>
{
    public ReactionRows()
    {
        IncludeType<ReactionAdded>();
        IncludeType<ReactionWithdrawn>();
    }

    public static void Configure(StoreOptions options)
    {
        options.Schema.For<ReactionRow>().Duplicate(row => row.ContentId);
        options.Projections.Add(new ReactionRows(), ProjectionLifecycle.Inline);
    }

    // The stream may begin with feedback, which is no reaction.
    public override ReactionRow? Evolve(ReactionRow? snapshot, Guid id, IEvent e) => (snapshot, e.Data) switch
    {
        (null, ReactionAdded added) => new(id, added.ContentId, added.MemberId, [added.Kind]),
        ({ } row, ReactionAdded added) => row with { Kinds = [.. row.Kinds, added.Kind] },
        ({ } row, ReactionWithdrawn withdrawn) => row with { Kinds = [.. row.Kinds.Where(kind => kind != withdrawn.Kind)] },
        _ => snapshot
    };
}
