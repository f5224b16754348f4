namespace Community.Incentives.Points;

/// <param name="Points">Earned in all, from which the level is held.</param>
internal sealed record Level(int Number, string Name, long Points);

/// <summary>Levels go by what was ever earned, so spending takes none away.</summary>
internal static class Levels
{
    public static readonly IReadOnlyList<Level> All =
    [
        new(1, "newcomer", 0),
        new(2, "reader", 20),
        new(3, "participant", 100),
        new(4, "contributor", 300),
        new(5, "regular", 1_000),
        new(6, "mentor", 3_000),
        new(7, "expert", 10_000),
        new(8, "master", 30_000),
    ];

    public static Level At(long lifetime) => All.Last(level => level.Points <= lifetime);

    public static Level? After(Level level) => All.FirstOrDefault(next => next.Number == level.Number + 1);
}
