using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Claims;
using Community.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Community.Membership.Tests.Tokens;

/// <summary>Another service, which knows membership by its address alone.</summary>
public sealed class PublishedKeysTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    [Fact]
    public async Task Another_service_believes_the_tokens_by_the_published_keys()
    {
        var ann = await membership.Join();
        using var direct = membership.Host.Client();
        await using var other = await Start(direct.BaseAddress!.ToString().TrimEnd('/'));

        var answer = await Ask(other, ann.AccessToken).Ok(200);

        Assert.Equal(ann.Id, answer.GetValue<Guid>());
        await Ask(other, ann.AccessToken[..^6] + "AAAAAA").Problem(401, "unauthenticated");
        await Ask(other, await membership.ApiToken(ann, "read")).Ok(200);
    }

    [Fact]
    public async Task While_membership_is_away_nobody_is_told_that_a_token_is_wrong()
    {
        var ann = await membership.Join();
        var port = FreePort();
        await using var other = await Start($"http://127.0.0.1:{port}");

        await Ask(other, ann.AccessToken).Problem(503, "unavailable");

        // Membership comes up there: a door in front of the one that runs.
        using var direct = membership.Host.Client();
        await using var door = Door(port, direct.BaseAddress!);
        await door.StartAsync(Ct);
        await Testing.Eventually.True(async () => (await Ask(other, ann.AccessToken)).IsSuccessStatusCode, "the service reads the keys");
    }

    private async Task<WebApplication> Start(string address)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([new("services:membership:http:0", address)]);
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(membership.Clock);
        builder.AddWebApi();
        var app = builder.Build();
        app.MapWebApi();
        app.MapGet("/me", (ClaimsPrincipal user) => TypedResults.Ok(user.MemberId()));
        await app.StartAsync(Ct);

        return app;
    }

    private static WebApplication Door(int port, Uri membership)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var door = builder.Build();
        door.MapGet("/.well-known/{document}", async (string document, HttpRequest request) =>
        {
            using var http = new HttpClient { BaseAddress = membership, DefaultRequestHeaders = { Host = request.Host.Value } };

            return Results.Text(await http.GetStringAsync(new Uri($"/.well-known/{document}", UriKind.Relative), Ct), "application/json");
        });

        return door;
    }

    private static async Task<HttpResponseMessage> Ask(WebApplication service, string token)
    {
        using var http = new HttpClient { BaseAddress = new Uri(service.Urls.Single()) };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

        return await http.SendAsync(request, Ct);
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();

        return ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
    }
}
