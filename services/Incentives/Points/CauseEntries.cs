using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;

namespace Community.Incentives.Points;

/// <summary>Brings the entries of a member for a cause to what it earns.</summary>
/// <param name="Awards">What it earns now: nothing, where it was taken back.</param>
/// <param name="Before">What a release that settled day by day has paid for it.</param>
internal sealed record SettleCause(Fact Fact, IReadOnlyList<Award> Awards, IReadOnlyList<Award> Before, DateTimeOffset Now);

/// <summary>The entries of one member for one cause. Nothing is rewritten: what differs becomes a further entry.</summary>
internal sealed record CauseEntries(ImmutableDictionary<string, int> Paid, int Count)
{
    public static readonly Decider<CauseEntries, SettleCause, PointsEvent> Decider = new(new(ImmutableDictionary<string, int>.Empty, 0), Decide, Evolve);

    public static Guid Stream(Guid memberId, string cause) => StreamId.Of("entries", $"{memberId}/{cause}");

    private static Decision<PointsEvent> Decide(CauseEntries entries, SettleCause c)
    {
        var events = new List<PointsEvent>();

        foreach (var rule in c.Awards.Select(award => award.Rule).Union(entries.Paid.Keys).Union(c.Before.Select(award => award.Rule)))
        {
            var (award, before) = (Of(c.Awards, rule), Of(c.Before, rule));
            var difference = award.Points - before.Points - entries.Paid.GetValueOrDefault(rule);
            var number = entries.Count + events.Count + 1;

            if (difference != 0)
            {
                events.Add(before.Points == 0 && !entries.Paid.ContainsKey(rule)
                    ? new PointsEarned(c.Fact.MemberId, difference, c.Fact.Activity, c.Fact.Cause, rule, award.RuleVersion, c.Fact.At, number, award.ExpiresAt, c.Fact.Area)
                    : new PointsReversed(
                        c.Fact.MemberId, difference, c.Fact.Cause, rule, award.RuleVersion, c.Fact.Counts ? "recounted" : c.Fact.IsHeld ? "held" : "withdrawn", c.Fact.At, number, c.Now,
                        c.Fact.Area));
            }
        }

        return Decision.Of<PointsEvent>([.. events]);
    }

    private static Award Of(IReadOnlyList<Award> awards, string rule) => awards.FirstOrDefault(award => award.Rule == rule);

    private static CauseEntries Evolve(CauseEntries entries, PointsEvent @event) => @event switch
    {
        PointsEarned e => entries.Add(e.Rule, e.Points),
        PointsReversed e => entries.Add(e.Rule, e.Points),
        _ => throw new UnreachableException()
    };

    private CauseEntries Add(string rule, int points) => new(Paid.SetItem(rule, Paid.GetValueOrDefault(rule) + points), Count + 1);
}
