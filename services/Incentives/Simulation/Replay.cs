using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Incentives.Rules;

namespace Community.Incentives.Simulation;

/// <summary>What one member would have by each of two sets of rules.</summary>
internal sealed record MemberOutcome(Guid MemberId, long Before, long After);

/// <summary>
/// Two rule histories over the same recorded activities: the fold is that of the live ledger, member by member, and holds no
/// more than one member at a time.
/// </summary>
internal static class Replay
{
    /// <param name="facts">By member, each member's in <see cref="Earning.Order"/>.</param>
    public static async IAsyncEnumerable<MemberOutcome> Run(IAsyncEnumerable<Fact> facts, RuleSetHistory before, RuleSetHistory after)
    {
        var (awards, member) = (new List<Award>(), default(Guid?));
        var (earningBefore, earningAfter, pointsBefore, pointsAfter) = (new Earning(before), new Earning(after), 0L, 0L);

        await foreach (var fact in facts)
        {
            if (fact.MemberId != member)
            {
                if (member is { } last)
                {
                    yield return new MemberOutcome(last, pointsBefore, pointsAfter);
                }

                (member, pointsBefore, pointsAfter) = (fact.MemberId, 0, 0);
                (earningBefore, earningAfter) = (new Earning(before), new Earning(after));
            }

            pointsBefore += Points(earningBefore, fact, awards);
            pointsAfter += Points(earningAfter, fact, awards);
        }

        if (member is { } one)
        {
            yield return new MemberOutcome(one, pointsBefore, pointsAfter);
        }
    }

    private static long Points(Earning earning, Fact fact, List<Award> awards)
    {
        awards.Clear();
        earning.Add(fact, awards);
        var points = 0L;

        foreach (var award in awards)
        {
            points += award.Points;
        }

        return points;
    }
}

internal sealed record LevelMove(int From, int To, long Members);

/// <summary>How many members move from which level to which.</summary>
internal sealed class LevelMoves(LevelScale scale)
{
    private readonly Dictionary<(int, int), long> _moves = [];

    public IReadOnlyList<LevelMove> All => [.. _moves.Select(move => new LevelMove(move.Key.Item1, move.Key.Item2, move.Value)).OrderBy(move => (move.From, move.To))];

    public void Add(MemberOutcome outcome)
    {
        var move = (scale.At(outcome.Before).Number, scale.At(outcome.After).Number);

        if (move.Item1 != move.Item2)
        {
            _moves[move] = _moves.GetValueOrDefault(move) + 1;
        }
    }
}
