using System.Runtime.InteropServices;
using Community.Incentives.Rules;

namespace Community.Incentives.Points;

internal enum Role { Actor, Author }

/// <summary>One cause as it concerns one member.</summary>
/// <param name="Counterpart">The other member that it concerns.</param>
/// <param name="Day">Of the community, as its calendar was when the cause was recorded.</param>
/// <param name="SecondOfDay">Since that day began.</param>
internal sealed record Fact(
    Guid MemberId, string Cause, string Activity, Role Role, Guid? Counterpart, DateTimeOffset At, DateOnly Day, int SecondOfDay,
    string? Kind, string? Area, int? Quality)
{
    /// <summary>False: it was taken back, or what it was done to was.</summary>
    public bool Counts { get; init; } = true;

    /// <summary>It looks like abuse, and nobody has looked at it.</summary>
    public bool IsHeld { get; init; }

    /// <summary>What a release that settled day by day has paid for it: that stands, whatever the rules. Null: it is settled by the rules.</summary>
    public IReadOnlyList<Award>? Settled { get; init; }

    /// <summary>Whether the member did it to their own work.</summary>
    public bool IsOwn { get; init; }

    public DateOnly Week => Day.MondayOf();
}

/// <summary>What a rule gives a member for a cause.</summary>
internal readonly record struct Award(string Rule, int RuleVersion, int Points, DateTimeOffset? ExpiresAt);

/// <summary>
/// What the activities of one member earn by the rules: a pure fold in the order in which they were done, whatever the order
/// in which they were heard. Live settlement and simulation share it, so that a replay of the rules in force gives the ledger.
/// </summary>
internal sealed class Earning(RuleSetHistory rules)
{
    private readonly Dictionary<string, int> _ever = [];
    private readonly HashSet<(string, Role)> _done = [];
    private readonly Dictionary<string, int> _today = [];
    private readonly Dictionary<string, int> _thisWeek = [];
    private readonly Dictionary<(string, Guid), int> _byCounterpart = [];
    private readonly HashSet<(string Rule, int Stretch)> _stretches = [];
    private DateOnly _day = DateOnly.MinValue;
    private DateOnly _week = DateOnly.MinValue;

    /// <param name="fact">Not before the one that was added last, in <see cref="Order"/>.</param>
    /// <param name="awards">Takes what it earns.</param>
    public void Add(Fact fact, List<Award> awards)
    {
        Turn(fact);

        if (fact.Settled is { } settled)
        {
            AddSettled(fact, settled, awards);

            return;
        }

        if (!fact.Counts || (fact.IsOwn && Activities.Values(fact.Activity)) || rules.Paying(fact.At) is not { } set)
        {
            return;
        }

        var isFirst = _done.Add((fact.Activity, fact.Role));

        foreach (var rule in set.For(fact.Activity))
        {
            if (Applies(rule, fact, isFirst) && Pay(rule, fact) is var points and not 0)
            {
                awards.Add(new Award(
                    rule.Rule, set.Version, points, rule.ExpiresAfterDays is { } days ? fact.At.AddDays(days) : null));
            }
        }
    }


    /// <summary>The one order in which everybody counts.</summary>
    public static int Order(Fact a, Fact b) =>
        a.Day != b.Day ? a.Day.CompareTo(b.Day) : a.At != b.At ? a.At.CompareTo(b.At) : string.CompareOrdinal(a.Cause, b.Cause);

    private void Turn(Fact fact)
    {
        if (fact.Day == _day)
        {
            return;
        }

        _day = fact.Day;
        _today.Clear();
        _stretches.Clear();

        if (fact.Week != _week)
        {
            _week = fact.Week;
            _thisWeek.Clear();
            _byCounterpart.Clear();
        }
    }

    // What was paid fills the caps of those that come after it.
    private void AddSettled(Fact fact, IReadOnlyList<Award> settled, List<Award> awards)
    {
        if (!fact.Counts)
        {
            return;
        }

        foreach (var award in settled)
        {
            _done.Add((fact.Activity, fact.Role));
            Fill(award.Rule, fact, award.Points);
            awards.Add(award);
        }
    }

    private static bool Applies(EarningRule rule, Fact fact, bool isFirst) =>
        rule.To switch
        {
            Beneficiary.Both => true,
            Beneficiary.Author => fact.Role == Role.Author,
            Beneficiary.Actor => fact.Role == Role.Actor,
            _ => fact.Role == (rule.Activity == Activities.AcceptedReply ? Role.Author : Role.Actor)
        }
        && (rule.Multiplier is not null || rule.IsCampaign(fact.At))
        && (rule.MinQuality is not { } least || fact.Quality >= least)
        && (rule.When is not { } when
            || ((when.Kind is null || when.Kind == fact.Kind) && (when.Area is null || when.Area == fact.Area) && (!when.FirstTime || isFirst)));

    private int Pay(EarningRule rule, Fact fact)
    {
        var points = rule.Multiplier is { } multiplier && rule.IsCampaign(fact.At)
            ? (int)Math.Round(rule.Points * multiplier, MidpointRounding.AwayFromZero)
            : rule.Points;

        if (points <= 0)
        {
            return points;
        }

        if (rule.CoolDownSeconds is { } seconds && _stretches.Contains((rule.Rule, fact.SecondOfDay / seconds)))
        {
            return 0;
        }

        points = Math.Min(points, Left(rule.DailyCap, _today, rule.Caps));
        points = Math.Min(points, Left(rule.WeeklyCap, _thisWeek, rule.Caps));
        points = Math.Min(points, Left(rule.LifetimeCap, _ever, rule.Caps));

        if (rule.PerCounterpartCap is not null && fact.Counterpart is { } other)
        {
            points = Math.Min(points, Left(rule.PerCounterpartCap, _byCounterpart, (rule.Caps, other)));
        }

        if (points <= 0)
        {
            return 0;
        }

        if (rule.CoolDownSeconds is { } stretch)
        {
            _stretches.Add((rule.Rule, fact.SecondOfDay / stretch));
        }

        Fill(rule.Caps, fact, points);

        return points;
    }

    private void Fill(string caps, Fact fact, int points)
    {
        if (points <= 0)
        {
            return;
        }

        Add(_today, caps, points);
        Add(_thisWeek, caps, points);
        Add(_ever, caps, points);

        if (fact.Counterpart is { } other)
        {
            Add(_byCounterpart, (caps, other), points);
        }
    }

    private static int Left<TKey>(int? cap, Dictionary<TKey, int> filled, TKey key) where TKey : notnull =>
        cap is { } most ? most - filled.GetValueOrDefault(key) : int.MaxValue;

    private static void Add<TKey>(Dictionary<TKey, int> filled, TKey key, int points) where TKey : notnull =>
        CollectionsMarshal.GetValueRefOrAddDefault(filled, key, out _) += points;
}

internal static class Weeks
{
    public static DateOnly MondayOf(this DateOnly day) => day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
}
