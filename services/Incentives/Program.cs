using Community.EventStore;
using Community.Incentives;
using Community.Incentives.Badges;
using Community.Incentives.Leaderboards;
using Community.Incentives.Levels;
using Community.Incentives.Points;
using Community.Incentives.Rewards;
using Community.Incentives.Rules;
using Community.Incentives.Simulation;
using Community.Messaging;
using Community.Privacy;
using Community.ServiceDefaults;
using JasperFx.Events.Projections;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventStore("incentivesdb", typeof(Program).Assembly, options =>
{
    options.Projections.Add(new PointsEntries(options), ProjectionLifecycle.Inline);
    options.Projections.Add(new BadgeAwards(options), ProjectionLifecycle.Inline);
    options.Projections.Add(new RewardLists(options), ProjectionLifecycle.Inline);
    options.Projections.Add(new LeaderboardTotals(options), ProjectionLifecycle.Async);
});
builder.AddAccessRevocation();
builder.AddExport(Exports.All);
builder.AddCommunityZone();
builder.AddMessaging("incentives", Publications.All, consume => consume
    .Add<EarnPoints>().Add<SwitchPointsWhenCommunityArranged>().Add<RefuseTokenWhenRevoked>().Add<HearCommunityZone>()
    .Add<ForgetAddressesWhenMemberErased>());
builder.AddRules();
builder.AddPoints();
builder.AddLevels();
builder.AddLeaderboards();
builder.AddSimulation();
builder.AddRewards();
builder.Services.AddSingleton<BadgeQueries>();

var app = builder.Build();
app.MapServiceDefaults();
app.UseOrigin();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapRules();
app.MapPoints();
app.MapLevels();
app.MapLeaderboards();
app.MapSimulation();
app.MapRewards();
app.MapBadges();
app.MapExport();
return await app.RunOrRebuild(args);
