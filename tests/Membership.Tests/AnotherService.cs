using Community.EventStore;
using Community.Messaging;
using Community.Privacy;
using Community.Testing;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Community.Membership.Tests;

/// <summary>Any other service of the installation: it believes membership's tokens and hears what membership stops.</summary>
internal sealed class AnotherService(WebApplication app, HttpClient http, AnotherCommunity community) : IAsyncDisposable
{
    public static async Task<AnotherService> Start(AnotherCommunity community)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        using (var address = community.Host.Client())
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ConnectionStrings:anotherdb"] = await Servers.CreateDatabase("another"),
                ["ConnectionStrings:messaging"] = community.Host.Messaging.ToString(),
                ["Sealing:MasterKey"] = Convert.ToBase64String(new byte[32]),
                ["services:membership:http:0"] = address.BaseAddress!.ToString().TrimEnd('/')
            });
        }

        builder.AddWebApi();
        builder.AddEventStore("anotherdb", typeof(AnotherService).Assembly);
        builder.AddAccessRevocation();
        builder.AddMessaging("another", []);
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(community.Clock));
        var app = builder.Build();
        app.MapWebApi();
        app.MapGet("/something", () => "yes").RequireAuthorization();
        app.MapGet("/operators", () => "yes").RequireRoles("operator");
        await app.StartAsync(MembershipService.Ct);

        return new(app, new HttpClient { BaseAddress = new Uri(app.Urls.First()) }, community);
    }

    public async Task<int> Ask(string token, string path = "/something")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new("Bearer", token) } };
        using var answer = await http.SendAsync(request, MembershipService.Ct);

        return (int)answer.StatusCode;
    }

    public Task<bool> Tick()
    {
        community.Clock.Advance(TimeSpan.FromMilliseconds(500)); // as often as it looks

        return Task.FromResult(true);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }
}
