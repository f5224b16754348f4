using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Analytics.Decisions;

internal static class DecisionsModule
{
    public static void AddDecisions(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<DecisionList>(ProjectionLifecycle.Inline);
            options.Schema.For<DecisionInList>().Index(decision => decision.OpenedAt).Index(decision => decision.Family).Index(decision => decision.MeasureAt!);
        });
        builder.Services.AddSingleton<DecisionMaker>().AddSingleton<DecisionNotes>().AddHostedService<MakeDecisions>();
    }
}
