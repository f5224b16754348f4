using System.Net;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Community.Portal.Tests;

/// <summary>What others write comes to pages that are open, and visitors are shown pages that are kept.</summary>
public sealed class LiveTests : IAsyncLifetime
{
    private Neighbours? _beside;
    private WebApplicationFactory<Program>? _portal;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Neighbours Beside => _beside ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync()
    {
        _beside = await Neighbours.Start();
        _portal = JourneyPortal.Portal(_ => _beside.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _portal!.DisposeAsync();
        await Beside.DisposeAsync();
    }

    [Fact]
    public async Task Updates_come_through_and_each_has_a_fragment()
    {
        var browser = Browser();
        using var updates = await browser.GetAsync(Address($"/updates?subjects={Neighbours.Question}"), Ct);
        Assert.Equal(("text/event-stream", "no-store"), (updates.Content.Headers.ContentType?.MediaType, updates.Headers.CacheControl?.ToString()));
        Assert.Contains($"\"id\":\"{Neighbours.FirstReply}\"", await updates.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(Address($"/updates?subjects={Neighbours.Free}"), Ct)).StatusCode);

        var slug = (await browser.GetAsync(Address($"/topics/{Neighbours.Question}"), Ct)).Headers.Location!;
        var page = await browser.GetStringAsync(slug, Ct);
        Assert.Contains($"data-live=\"{Neighbours.Question}\" data-kind=\"reply\" data-fragment=\"/fragments/topics/{Neighbours.Question}/replies/\"", page, StringComparison.Ordinal);
        var reply = await browser.GetStringAsync(Address($"/fragments/topics/{Neighbours.Question}/replies/{Neighbours.FirstReply}"), Ct);
        Assert.StartsWith("<div class=\"post ", reply, StringComparison.Ordinal);
        Assert.Contains($"id=\"{Neighbours.FirstReply}\"", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("<html", reply, StringComparison.Ordinal);
        Assert.Contains("<strong>comment</strong>", await browser.GetStringAsync(Address($"/fragments/comments/{Neighbours.FirstReply}"), Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(Address($"/fragments/comments/{Neighbours.Free}"), Ct)).StatusCode);
    }

    [Fact]
    public async Task A_visitor_gets_a_kept_page_by_address_language_and_theme_and_a_member_never_does()
    {
        var english = await Look("/contents", "en");
        Assert.Equal((english, 1), (await Look("/contents", "en"), Asked));
        Assert.Contains("<html lang=\"zh\"", await Look("/contents", "zh"), StringComparison.Ordinal);
        Assert.Equal(2, Asked);
        Assert.Contains("data-theme=\"dark\"", await Look("/contents", "en", "theme=dark"), StringComparison.Ordinal);
        Assert.Equal(3, Asked);
        await Look("/contents?topic=x", "en");
        Assert.Equal(4, Asked);

        using var kept = await Browser().GetAsync(Address("/contents"), Ct);
        Assert.Equal(4, Asked);
        Assert.Equal("public, max-age=30", kept.Headers.CacheControl?.ToString());
        Assert.Equal("text/html", kept.Content.Headers.ContentType?.MediaType);
        Assert.Equal("en", Assert.Single(kept.Content.Headers.ContentLanguage));
        Assert.Contains("default-src 'self'", Assert.Single(kept.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.False(kept.Headers.Contains("Set-Cookie"));

        var member = Browser();
        await JourneyTests.SignIn(member);
        Assert.Contains("小明", await member.GetStringAsync(Address("/contents"), Ct), StringComparison.Ordinal);
        Assert.Equal(5, Asked);
        Assert.Equal(english, await Look("/contents", "en"));
    }

    private int Asked => Beside.Asked.GetValueOrDefault("/contents");

    private async Task<string> Look(string path, string language, string? cookie = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Language", language);

        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var answer = await _portal!.CreateClient(new() { HandleCookies = false }).SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private HttpClient Browser() => JourneyPortal.Browser(_portal!);

    private static Uri Address(string path) => new(path, UriKind.Relative);
}
