using JasperFx.Events.Projections;
using Marten;

namespace Community.Analytics.Activity;

internal static class ActivityModule
{
    public static StoreOptions AddActivity(this StoreOptions options)
    {
        options.Projections.Add(new MemberDays(options), ProjectionLifecycle.Async);
        options.Projections.Add(new MemberStarts(options), ProjectionLifecycle.Async);

        return options;
    }

    public static IServiceCollection AddActivity(this IServiceCollection services) => services.AddHostedService<RebuildOnTimeZoneChange>();

    public static void MapActivity(this IEndpointRouteBuilder app) => app.MapActivityFigures();
}
