using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Analytics.Activity;

internal static class ActivityModule
{
    public static void AddActivity(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new MemberDays(options), ProjectionLifecycle.Async));
        builder.Services.AddHostedService<RebuildWhereOutdated>();
    }

    public static void MapActivity(this IEndpointRouteBuilder app) => app.MapActivityFigures();
}
