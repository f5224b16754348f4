using Community.EventStore;
using Community.Incentives;
using Community.Incentives.Badges;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Messaging;
using Community.Privacy;
using Community.ServiceDefaults;
using JasperFx.Events.Projections;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventStore("incentivesdb", typeof(Program).Assembly);
builder.ConfigureStore(options =>
{
    options.Projections.Add(new PointsEntries(options), ProjectionLifecycle.Inline);
    options.Projections.Add(new BadgeAwards(options), ProjectionLifecycle.Inline);
});
builder.AddAccessRevocation();
builder.AddExport(Exports.All);
builder.AddCommunityZone();
builder.AddConsumer<EarnPoints>();
builder.AddMessaging("incentives", Publications.All);
builder.Services.AddSingleton<RulesInForce>();
builder.Services.AddSingleton<PointsQueries>();
builder.Services.AddSingleton<BadgeQueries>();

var app = builder.Build();
app.MapServiceDefaults();
app.UseCommandMetadata();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapRules();
app.MapPoints();
app.MapBadges();
app.MapExport();
return await app.RunOrRebuild(args);
