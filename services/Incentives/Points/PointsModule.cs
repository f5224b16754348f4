using Community.EventStore;
using Community.Messaging;
using JasperFx.Events.Projections;

namespace Community.Incentives.Points;

internal static class PointsModule
{
    public static IHostApplicationBuilder AddPoints(this IHostApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Projections.Add(new PointsEntries(options), ProjectionLifecycle.Inline));
        builder.AddConsumer<EarnPoints>();
        builder.Services.AddSingleton<IStorePart, CauseTable>();
        builder.Services.AddSingleton<IStorePart, SettlePointsSubscription>();
        builder.Services.AddSingleton<Settlement>();
        builder.Services.AddSingleton<WordsAbout>();
        builder.Services.AddSingleton<PointsQueries>();
        builder.Services.AddSingleton<Wallets>();
        builder.Services.AddSingleton<Why>();
        builder.Services.AddHostedService<FillBalances>();
        builder.Services.AddHostedService<EndPointsInTime>();

        return builder;
    }
}
