using Community.EventStore;

namespace Community.Analytics.Recommendations;

internal static class RecommendationsModule
{
    public static void AddRecommendations(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Storage.ExtendedSchemaObjects.AddRange(NeighbourTables.All()));
        builder.Services.AddHostedService<FindNeighbours>();
    }
}
