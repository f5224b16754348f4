using Community.EventSourcing;
using Community.Membership;
using Community.Membership.Founding;
using Community.Membership.Imports;
using Community.Membership.Members;
using Community.Membership.Sessions;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Messaging;
using Community.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventStore("membershipdb", typeof(Program).Assembly, options =>
{
    options.AddMembers();
    options.AddSessions();
    options.AddTokens();
});
builder.AddMessaging("membership", Publications.All, _ => { });
builder.AddFounding();
builder.AddSessions();
builder.AddTokens();

var app = builder.Build();
app.MapServiceDefaults();
app.UseOrigin();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapFounding();
app.MapSettings();
app.MapMembers();
app.MapSessions();
app.MapTokens();
app.MapImports();
app.Run();
