using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Community.Portal.Tests;

/// <summary>Without its setting the portal knows of no demo: a button that lets anybody in as the owner must never stand in a real community.</summary>
public sealed partial class DemoTests : IAsyncLifetime
{
    private Neighbours? _neighbours;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _neighbours = await Neighbours.Start();

    public async ValueTask DisposeAsync() => await _neighbours!.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task A_community_that_is_no_demo_has_neither_buttons_nor_banner_nor_the_address(string? password)
    {
        await using var portal = new Portal(_neighbours!.Address, password);
        using var visitor = portal.CreateClient(new() { AllowAutoRedirect = false });
        var page = await visitor.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Ct);
        Assert.DoesNotContain("/sign-in/demo", page, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"demo\"", page, StringComparison.Ordinal);
        using var answer = await Post(visitor, page, "owner");
        Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{(int)answer.StatusCode}");
        Assert.False(answer.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(cookie => cookie.StartsWith("community-session", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_demo_says_so_and_lets_in_by_a_button_for_each_role()
    {
        await using var portal = new Portal(_neighbours!.Address, Neighbours.Password);
        using var visitor = portal.CreateClient(new() { AllowAutoRedirect = false });
        var page = await visitor.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Ct);
        Assert.Contains("class=\"demo\"", page, StringComparison.Ordinal);
        Assert.Equal(["owner", "operator", "reviewer", "moderator", "creator", "expert", "member"], Buttons().Matches(page).Select(match => match.Groups[1].Value));

        using var unknown = await Post(visitor, page, "nobody");
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        using var tokenless = await visitor.PostAsync(new Uri("/sign-in/demo", UriKind.Relative), new FormUrlEncodedContent([new("role", "owner")]), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, tokenless.StatusCode);
        using var signedIn = await Post(visitor, page, "member");
        Assert.Equal((HttpStatusCode.Redirect, "/"), (signedIn.StatusCode, signedIn.Headers.Location?.ToString()));
        Assert.Contains(signedIn.Headers.GetValues("Set-Cookie"), cookie => cookie.StartsWith("community-session=", StringComparison.Ordinal));
    }

    private static async Task<HttpResponseMessage> Post(HttpClient visitor, string page, string role) => await visitor.PostAsync(
        new Uri("/sign-in/demo", UriKind.Relative),
        new FormUrlEncodedContent([new("__RequestVerificationToken", Token().Match(page).Groups[1].Value), new("role", role)]), Ct);

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Token();

    [GeneratedRegex("""name="role" value="([a-z]+)""")]
    private static partial Regex Buttons();

    private sealed class Portal(string services, string? password) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            foreach (var service in new[] { "membership", "content", "payments", "incentives", "analytics" })
            {
                builder.UseSetting($"services:{service}:http:0", services);
            }

            builder.UseSetting("Demo:Password", password);
        }
    }
}
