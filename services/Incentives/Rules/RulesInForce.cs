using Marten;

namespace Community.Incentives.Rules;

/// <summary>All rule sets as they are now. They grow with every set that was ever adopted.</summary>
internal sealed class RulesInForce(IDocumentStore store) : LatestState<RuleSetHistory, RuleCommand, RuleEvent>(store, RuleSetHistory.Decider, RuleSetHistory.Stream);
