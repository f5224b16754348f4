using Community.Content;
using Community.Content.Audience;
using Community.Content.Comments;
using Community.Content.Contents;
using Community.Content.Imports;
using Community.Content.Paywall;
using Community.Content.Topics;
using Community.Content.Updates;
using Community.Messaging;
using Community.Privacy;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddSingleton<Entitlements>();
builder.AddEventStore("contentdb", typeof(Program).Assembly);
builder.ConfigureStore(options =>
{
    ContentListings.Configure(options);
    ReactionRows.Configure(options);
    CommentTexts.Configure(options);
    TopicReadings.Configure(options);
    options.Storage.ExtendedSchemaObjects.Add(Entitlements.Table);
    options.Storage.ExtendedSchemaObjects.Add(Entitlements.Tiers);
});
builder.AddUpdates();
builder.AddAccessRevocation();
builder.AddExport(Exports.All);
builder.AddConsumer<UnlockContentWhenOrderPaid>();
builder.AddConsumer<LockContentWhenOrderRefunded>();
builder.AddConsumer<OpenContentByTier>();
builder.AddMessaging("content", Publications.All);

var app = builder.Build();
app.MapServiceDefaults();
app.UseCommandMetadata();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapContents();
app.MapAudience();
app.MapComments();
app.MapTopics();
app.MapUpdates();
app.MapImports();
app.MapExport();
return await app.RunOrRebuild(args);
