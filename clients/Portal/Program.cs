using Community.Markup;
using Community.Portal;
using Community.Portal.Pages;
using Community.Portal.Services;
using Community.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
// What the build made is run in production, too: there its files are where this finds them. Published, there is nothing to find.
builder.WebHost.UseStaticWebAssets();
builder.AddHostDefaults();
builder.Services.AddServices();
builder.Services.AddSessions(builder.Configuration);
builder.Services.AddLanguages();
builder.Services.AddMarkup();
builder.Services.AddRazorComponents();
builder.Services.AddCascadingAuthenticationState();

var app = builder.Build();
app.MapHostDefaults();
app.UseContentPolicy();
app.UsePublicPages();
app.UseErrorPages();
app.UseRequestLocalization();
app.UseAuthentication();
app.UseAuthorization();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapCommunityDocument();
app.MapSessions();
app.MapProviderSignIns();
app.MapLanguages();
app.MapDeeds();
app.MapFeeds();
app.MapPictures();
app.MapCheckoutReturns();
app.MapExports();
app.MapDrafts();
app.MapRazorComponents<App>();
app.Run();
