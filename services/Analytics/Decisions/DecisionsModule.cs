using JasperFx.Events.Projections;
using Marten;

namespace Community.Analytics.Decisions;

internal static class DecisionsModule
{
    public static StoreOptions AddDecisions(this StoreOptions options)
    {
        options.Projections.Add<DecisionList>(ProjectionLifecycle.Inline);
        options.Schema.For<DecisionInList>().Index(decision => decision.OpenedAt).Index(decision => decision.Family).Index(decision => decision.MeasureAt!);

        return options;
    }

    public static IServiceCollection AddDecisions(this IServiceCollection services) =>
        services.AddSingleton<DecisionMaker>().AddSingleton<DecisionNotes>().AddHostedService<MakeDecisions>();
}
