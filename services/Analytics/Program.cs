using Community.Analytics;
using Community.Analytics.Activities;
using Community.Analytics.Figures;
using Community.Analytics.Revenue;
using Community.Analytics.Zone;
using Community.EventStore;
using Community.Messaging;
using Community.Privacy;
using Community.ServiceDefaults;
using JasperFx.Events.Projections;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventStore("analyticsdb", typeof(Program).Assembly);
builder.ConfigureStore(options =>
{
    options.Projections.Add(new MemberDays(options), ProjectionLifecycle.Async);
    options.Projections.Add(new RecurringRevenue(options), ProjectionLifecycle.Async);
});
builder.Services.AddSingleton<RevenueFigures>();
builder.AddAccessRevocation();
builder.AddExport(Exports.All);
builder.Services.AddHostedService<RebuildOnTimeZoneChange>();
builder.AddConsumer<RecordFacts>();
builder.AddConsumer<RecordRecurringRevenue>();
builder.AddConsumer<HearTimeZone>();
builder.AddMessaging("analytics", []);

var app = builder.Build();
app.MapServiceDefaults();
app.UseCommandMetadata();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapActivities();
app.MapFigures();
app.MapRevenue();
app.MapExport();
return await app.RunOrRebuild(args);
