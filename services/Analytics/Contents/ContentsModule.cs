using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Analytics.Contents;

internal static class ContentsModule
{
    public static void AddContents(this WebApplicationBuilder builder) =>
        builder.ConfigureStore(options => options.Projections.Add(new ContentStatistics(options), ProjectionLifecycle.Async));

    public static void MapContents(this IEndpointRouteBuilder app) => app.MapContentStatistics();
}
