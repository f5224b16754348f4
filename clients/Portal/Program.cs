using Community.Markup;
using Community.Portal;
using Community.Portal.Pages;
using Community.Portal.Services;
using Community.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
// What the build made is run in production, too: there its files are where this finds them. Published, there is nothing to find.
builder.WebHost.UseStaticWebAssets();
builder.AddServiceDefaults();
builder.Services.AddServices();
builder.Services.AddSessions(builder.Configuration);
builder.Services.AddLanguages();
builder.Services.AddKeptPages();
builder.Services.AddPictures();
builder.Services.AddMarkup();
builder.Services.AddRazorComponents();

var app = builder.Build();
app.MapServiceDefaults();
app.UseContentPolicy();
app.UsePublicPages();
app.UseErrorPages();
app.UseRequestLocalization();
app.UseAuthentication();
app.UseAuthorization();
app.UseKeptPages();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapSessions();
app.MapLanguages();
app.MapDeeds();
app.MapFeeds();
app.MapPictures();
app.MapCheckoutReturns();
app.MapExports();
app.MapUpdates();
app.MapRazorComponents<App>();
app.Run();
