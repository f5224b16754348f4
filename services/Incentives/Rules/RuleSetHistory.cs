using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Incentives.Points;

namespace Community.Incentives.Rules;

internal abstract record RuleCommand;

internal sealed record AdoptRuleSet(ImmutableList<EarningRule> Rules, DateTimeOffset At) : RuleCommand;

/// <param name="Since">In force from here on, until the next version is.</param>
internal sealed record RuleSet(int Version, DateTimeOffset Since, ImmutableList<EarningRule> Rules)
{
    /// <summary>In force from the beginning of time, so that whatever is imported finds a rule.</summary>
    public static readonly RuleSet First = new(1, DateTimeOffset.MinValue,
    [
        new("content-viewed", Activities.View, Points: 1, DailyCap: 5),
        new("comment-posted", Activities.Comment, Points: 2, DailyCap: 10),
        new("reply-posted", Activities.Reply, Points: 5, DailyCap: 25),
        new("topic-opened", Activities.Topic, Points: 3, DailyCap: 9),
        new("reaction-added", Activities.Reaction, Points: 1, DailyCap: 5),
        new("content-shared", Activities.Share, Points: 2, DailyCap: 6),
        new("feedback-given", Activities.Feedback, Points: 2, DailyCap: 6),
        new("reply-accepted", Activities.AcceptedReply, Points: 15, DailyCap: 75),
        new("content-published", Activities.Content, Points: 20, DailyCap: 40),
        new("order-paid", Activities.Order, Points: 10, DailyCap: 30),
    ]);

    public EarningRule? For(string activity) => Rules.Find(rule => rule.Activity == activity);
}

/// <summary>All rule sets there ever were: what a fact earns goes by the one in force at the fact's own instant.</summary>
internal sealed record RuleSetHistory(ImmutableList<RuleSet> Sets)
{
    public static readonly Guid Stream = StreamId.Of("rules", "all");

    public static readonly Decider<RuleSetHistory, RuleCommand, RuleEvent> Decider = new(new([RuleSet.First]), Decide, Evolve);

    public RuleSet Current => Sets[^1];

    public RuleSet InForce(DateTimeOffset at) => Sets.FindLast(set => set.Since <= at)!;

    private static Decision<RuleEvent> Decide(RuleSetHistory book, RuleCommand command) => command switch
    {
        AdoptRuleSet c when c.Rules.SequenceEqual(book.Current.Rules) => Decision.Nothing,
        // Clocks of replicas differ; versions never overlap for it.
        AdoptRuleSet c => new RuleSetAdopted(book.Current.Version + 1, c.Rules, c.At > book.Current.Since ? c.At : book.Current.Since),
        _ => throw new UnreachableException()
    };

    private static RuleSetHistory Evolve(RuleSetHistory book, RuleEvent @event) => @event switch
    {
        RuleSetAdopted e => new(book.Sets.Add(new(e.Version, e.At, e.Rules))),
        _ => throw new UnreachableException()
    };
}
