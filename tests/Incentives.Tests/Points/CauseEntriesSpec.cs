using Community.Incentives.Points;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class CauseEntriesSpec
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Member = Guid.CreateVersion7(Noon);
    private static readonly Fact Fact = new(Member, "comment/1", Activities.Comment, Role.Actor, null, Noon, new(2026, 5, 1), 43_200, null, null, null);

    [Fact]
    public void A_cause_is_paid_by_each_rule_once() => Spec.For(CauseEntries.Decider)
        .Given(Earned("comment-posted", 2, 1))
        .When(Settle(new Award("comment-posted", 1, 2, null), new Award("first-comment", 1, 10, null)))
        .Then(Earned("first-comment", 10, 2));

    [Fact]
    public void What_is_settled_already_posts_nothing() => Spec.For(CauseEntries.Decider)
        .Given(Earned("comment-posted", 2, 1))
        .When(Settle(new Award("comment-posted", 1, 2, null)))
        .ThenNothing();

    [Fact]
    public void A_cause_that_is_taken_back_takes_its_points_back() => Spec.For(CauseEntries.Decider)
        .Given(Earned("comment-posted", 2, 1))
        .When(Settle() with { Fact = Fact with { Counts = false } })
        .Then(new PointsReversed(Member, -2, "comment/1", "comment-posted", 0, "withdrawn", Noon, 2, Noon));

    [Fact]
    public void A_cause_that_counts_again_is_paid_again_as_a_further_entry() => Spec.For(CauseEntries.Decider)
        .Given(Earned("comment-posted", 2, 1), new PointsReversed(Member, -2, "comment/1", "comment-posted", 0, "withdrawn", Noon, 2, Noon))
        .When(Settle(new Award("comment-posted", 1, 2, null)))
        .Then(new PointsReversed(Member, 2, "comment/1", "comment-posted", 1, "recounted", Noon, 3, Noon));

    [Fact]
    public void What_an_earlier_release_paid_stands_and_can_be_taken_back()
    {
        Award[] before = [new("comment-posted", 1, 2, null)];
        Spec.For(CauseEntries.Decider).When(Settle(before) with { Before = before }).ThenNothing();
        Spec.For(CauseEntries.Decider).When(Settle() with { Before = before, Fact = Fact with { Counts = false } })
            .Then(new PointsReversed(Member, -2, "comment/1", "comment-posted", 0, "withdrawn", Noon, 1, Noon));
    }

    /// <summary>Whatever was settled before, in whatever order and however often: the entries are in all what the last settlement asks for.</summary>
    [SeededProperty]
    public void The_entries_of_a_cause_are_in_all_what_it_earns(sbyte[] settlements)
    {
        var (entries, posted) = (CauseEntries.Decider.Initial, new List<PointsEvent>());

        foreach (var points in settlements.SelectMany(points => new[] { points, points }))
        {
            var awards = points == 0 ? [] : new[] { new Award($"rule-{points & 1}", 1, points, null) };

            foreach (var e in CauseEntries.Decider.Decide(entries, Settle(awards)))
            {
                posted.Add(e);
                entries = CauseEntries.Decider.Evolve(entries, e);
            }

            Assert.Equal(points, posted.Sum(e => e switch { PointsEarned p => p.Points, PointsReversed p => p.Points, _ => throw new InvalidOperationException() }));
        }

        Assert.Equal(Enumerable.Range(1, posted.Count), posted.Select(e => e switch { PointsEarned p => p.Number, PointsReversed p => p.Number, _ => 0 }));
    }

    private static SettleCause Settle(params Award[] awards) => new(Fact, awards, [], Noon);

    private static PointsEarned Earned(string rule, int points, int number) => new(Member, points, Activities.Comment, "comment/1", rule, 1, Noon, number);
}
