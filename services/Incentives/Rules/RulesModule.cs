using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;

namespace Community.Incentives.Rules;

internal static class RulesModule
{
    public static IHostApplicationBuilder AddRules(this IHostApplicationBuilder builder)
    {
        builder.AddConsumer<SwitchPointsWhenCommunityArranged>();
        builder.Services.AddSingleton<RulesInForce>();

        return builder;
    }
}

/// <summary>The community's settings say whether points are given.</summary>
internal sealed class SwitchPointsWhenCommunityArranged(IDocumentStore store) : IConsumer<CommunityArranged>
{
    public Task Consume(ConsumeContext<CommunityArranged> context) => store.Handle(
        RuleSetHistory.Decider, RuleSetHistory.Stream,
        new SwitchPoints(context.Message.Points, context.Message.Version, context.Message.At), context);
}
