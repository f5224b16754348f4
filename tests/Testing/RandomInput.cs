using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Community.Testing;

/// <summary>
/// Where random input begins: always at the same seed in the fast suite, so that it fails for a fault of the change only; at
/// another one each time in the long suite, which tells it.
/// </summary>
public static class RandomInput
{
    private const int Fixed = 20261130;
    private const ulong OddGamma = 20261131;

    private static readonly bool IsRandom = Environment.GetEnvironmentVariable("COMMUNITY_RANDOM_INPUT") == "1";

    /// <summary>The seed of one test, in its output too.</summary>
    public static int Seed()
    {
        var seed = IsRandom ? Random.Shared.Next() : Fixed;
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}");

        return seed;
    }

    /// <summary>FsCheck tells the seed of what fails by itself.</summary>
    public static Config Seeded(this Config config)
    {
        ArgumentNullException.ThrowIfNull(config);

        return IsRandom ? config : config.WithReplay(Fixed, OddGamma);
    }

    internal static string? Replay => IsRandom ? null : $"{Fixed},{OddGamma}";
}

/// <summary>A property whose input begins where <see cref="RandomInput"/> says.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SeededPropertyAttribute : PropertyAttribute
{
    public SeededPropertyAttribute()
    {
        if (RandomInput.Replay is { } replay)
            Replay = replay;
    }
}
