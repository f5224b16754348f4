using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Community.EventStore;
using Community.Web;

namespace Community.Incentives.Levels;

/// <param name="Number">From 1.</param>
/// <param name="Points">Earned in all, from which the level is held.</param>
/// <param name="Perks">What the level opens, in the community's own words; content and membership hear them with the level.</param>
public sealed record Level(
    [property: Range(1, 100)] int Number, [property: Text(60)] string Name, [property: Range(0, 1_000_000_000)] long Points,
    [property: MaxLength(20), Text(100)] IReadOnlyList<string> Perks)
{
    public bool Equals(Level? other) => other is not null
        && (Number, Name, Points) == (other.Number, other.Name, other.Points) && Perks.SequenceEqual(other.Perks);

    public override int GetHashCode() => HashCode.Combine(Number, Name, Points);
}

public abstract record LevelEvent
{
    private protected LevelEvent() { }
}

[EventType("levels-set.v1")]
public sealed record LevelsSet(ImmutableList<Level> Levels, DateTimeOffset At) : LevelEvent;

/// <summary>The levels of the community: they go by what was ever earned, so spending takes none away.</summary>
internal sealed record LevelScale(ImmutableList<Level> Levels)
{
    public static readonly Guid Stream = StreamId.Of("levels", "all");

    public static readonly Decider<LevelScale, LevelsSet, LevelEvent> Decider = new(
        new(
        [
            new(1, "newcomer", 0, []),
            new(2, "reader", 20, []),
            new(3, "participant", 100, []),
            new(4, "contributor", 300, []),
            new(5, "regular", 1_000, []),
            new(6, "mentor", 3_000, []),
            new(7, "expert", 10_000, []),
            new(8, "master", 30_000, []),
        ]),
        (scale, set) => scale.Levels.SequenceEqual(set.Levels) ? Decision.Nothing : set,
        (_, @event) => @event is LevelsSet set ? new(set.Levels) : throw new UnreachableException());

    /// <summary>Nobody is below the first level, though what was taken may exceed what was given.</summary>
    public Level At(long lifetime) => Levels.FindLast(level => level.Points <= lifetime) ?? Levels[0];

    public Level? After(Level level) => Levels.Find(next => next.Number == level.Number + 1);

    /// <summary>What cannot be a scale, and why; null: nothing.</summary>
    public static string? Fault(IReadOnlyList<Level> levels)
    {
        if (levels is not [{ Points: 0 }, ..])
        {
            return "must begin with a level of 0 points, which everybody has";
        }

        for (var i = 0; i < levels.Count; i++)
        {
            if (levels[i].Number != i + 1)
            {
                return $"must be numbered from 1 without gaps, and '{levels[i].Name}' is {levels[i].Number} in place {i + 1}";
            }

            if (i > 0 && levels[i].Points <= levels[i - 1].Points)
            {
                return $"must rise, and '{levels[i].Name}' asks for no more points than '{levels[i - 1].Name}'";
            }

            if (levels.Take(i).Any(level => level.Name == levels[i].Name))
            {
                return $"must have names of their own, and '{levels[i].Name}' stands twice";
            }
        }

        return null;
    }
}

/// <summary>The member is on another level, or the level means something else.</summary>
[EventType("level-changed.v1")]
public sealed record LevelChanged(Guid MemberId, int Level, string Name, IReadOnlyList<string> Perks, DateTimeOffset At) : LevelEvent;

/// <summary>The level that was told of a member.</summary>
internal static class MemberLevel
{
    public static readonly Decider<LevelChanged?, LevelChanged, LevelEvent> Decider = new(
        null,
        (told, now) => (told is null && now is { Level: 1, Perks.Count: 0 })
            || (told is not null && (told.Level, told.Name) == (now.Level, now.Name) && told.Perks.SequenceEqual(now.Perks)) ? Decision.Nothing : now,
        (_, @event) => (LevelChanged)@event);

    public static Guid Stream(Guid memberId) => StreamId.Of("level", memberId);
}
