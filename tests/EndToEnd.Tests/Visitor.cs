using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Community.Testing;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Community.EndToEnd.Tests;

/// <summary>How somebody comes: language, screen, with script or without, light or dark.</summary>
internal sealed record Manner(string Language = "en", bool Phone = false, bool Script = true, bool Dark = false)
{
    public static readonly Manner Usual = new();
}

/// <summary>
/// Somebody in a browser. Forms are found by their handler and fields by their name, so that one journey is told in both
/// languages. What goes wrong behind the page (an error on the console, a failed answer, an untranslated text, a page wider
/// than the screen) is collected, and <see cref="AllWentWell"/> tells it.
/// </summary>
internal sealed partial class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Uri _portal;
    private readonly Manner _manner;
    private readonly List<string> _faults = [];

    private Visitor(IBrowserContext context, IPage page, Uri portal, Manner manner)
    {
        (_context, Page, _portal, _manner) = (context, page, portal, manner);
        page.SetDefaultTimeout((float)Eventually.Silence.TotalMilliseconds);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _faults.Add($"{page.Url}: console: {message.Text}");
            }
        };
        page.PageError += (_, error) => _faults.Add($"{page.Url}: script: {error}");
        page.Response += (_, response) =>
        {
            if (response.Status >= 500)
            {
                _faults.Add($"{response.Status} {response.Url}");
            }
        };
    }

    public IPage Page { get; }

    public string Name { get; private set; } = "";

    public string Email { get; private set; } = "";

    public static async Task<Visitor> Enter(IBrowser browser, Uri portal, Manner manner)
    {
        var context = await browser.NewContextAsync(new()
        {
            Locale = manner.Language == "zh" ? "zh-CN" : "en-US",
            ViewportSize = manner.Phone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 900 },
            HasTouch = manner.Phone,
            JavaScriptEnabled = manner.Script,
            ColorScheme = manner.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce
        });

        return new(context, await context.NewPageAsync(), portal, manner);
    }

    public async Task Go(string path)
    {
        var response = await Page.GotoAsync(new Uri(_portal, path).ToString());
        Assert.True(response?.Ok, $"{path}: {response?.Status}");
        await Looks();
    }

    /// <summary>Waits until the browser is at an address whose path and query match.</summary>
    public async Task Arrives([StringSyntax(StringSyntaxAttribute.Regex)] string address)
    {
        await Page.WaitForURLAsync(new Regex($"^https?://[^/]+{address}"));
        await Looks();
    }

    /// <summary>Follows a link of a list, which hears of what is new a moment later.</summary>
    public async Task Follow(string list, string link, string text)
    {
        var wanted = Page.Locator(link, new() { HasText = text });
        await Eventually.True(async () =>
        {
            await Go(list);

            return await wanted.CountAsync() > 0;
        }, $"{text} to be listed on {list}");
        await wanted.First.ClickAsync();
    }

    public ILocator Form(string handler) => Page.Locator($"form:has(input[name='_handler'][value='{handler}'])");

    /// <summary>Fills a form in and sends it by its first button, or by the one whose value is given.</summary>
    public async Task Send(string handler, IEnumerable<(string Field, string Value)> fields, string? button = null)
    {
        var form = Form(handler);

        foreach (var (field, value) in fields)
        {
            await form.Locator($"[name='{field}']").FillAsync(value);
        }

        await form.Locator(button is null ? "button[type=submit]" : $"button[type=submit][value='{button}']").First.ClickAsync();
    }

    /// <summary>Presses a button that does one thing and comes back.</summary>
    public async Task Do(string deed, string? value = null)
    {
        await Page.Locator($"form[action='/do/{deed}'] button{(value is null ? "" : $"[value='{value}']")}").First.ClickAsync();
        await Arrives($".*[?&]done={deed}");
    }

    /// <summary>As if another tab were in front.</summary>
    public Task Hide(bool hidden) => Page.EvaluateAsync("""
        hidden => {
          Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """, hidden);

    public ILocator See(string text) => Page.GetByText(text).First;

    public async Task Join(string what)
    {
        (Name, Email) = RunningCommunity.Somebody(what);
        await Go("/join");
        await Send("join", [("displayName", Name), ("email", Email), ("password", RunningCommunity.Password)]);
        await Arrives(@"/\?done=join");
    }

    /// <summary>Out and in again: what a session may do is told when it begins.</summary>
    public async Task SignInAgain()
    {
        await Page.Context.ClearCookiesAsync();
        await SignIn();
    }

    public async Task SignIn()
    {
        await Go("/sign-in");
        await Send("sign-in", [("Given.Email", Email), ("Given.Password", RunningCommunity.Password)]);
        await Arrives("/$");
    }

    public void Is(string name, string email) => (Name, Email) = (name, email);

    /// <summary>What axe calls serious or critical on this page.</summary>
    public async Task<IReadOnlyList<string>> SeriousFaults() =>
    [
        .. from violation in (await Page.RunAxe()).Violations
           where violation.Impact is "serious" or "critical"
           from node in violation.Nodes
           select $"{Page.Url}: {violation.Id}: {node.Html}: {node.Any.FirstOrDefault()?.Message}"
    ];

    /// <summary>Nothing has gone wrong on any page so far.</summary>
    public void AllWentWell() => Assert.True(_faults.Count == 0, string.Join("\n", _faults));

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private async Task Looks()
    {
        await Page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);

        if (!Page.Url.StartsWith(_portal.ToString(), StringComparison.Ordinal))
        {
            return; // the payment page of the gateway
        }

        var wide = await Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

        if (wide > 1)
        {
            _faults.Add($"{Page.Url}: {wide} pixels wider than the screen");
        }

        // Charts are drawn for a wide screen, and their texts shrink with them.
        var small = await Page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('svg.chart text')]
              .filter(text => text.textContent && text.getClientRects().length && text.getBoundingClientRect().height < 10)
              .map(text => text.textContent)
            """);
        _faults.AddRange(small.Take(3).Select(text => $"{Page.Url}: too small to be read: {text}"));

        var texts = await Page.EvaluateAsync<string[]>("""
            () => {
              const texts = [];
              const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walk.nextNode()) {
                const within = walk.currentNode.parentElement;
                const text = walk.currentNode.textContent.trim();
                if (text && !within.closest('script, .prose, code, textarea, option, [lang]:not(html)')) texts.push(text);
              }
              return texts;
            }
            """);
        _faults.AddRange(texts.Where(Texts.IsForeign(_manner.Language)).Distinct().Select(text => $"{Page.Url}: not translated: {text}"));
    }
}
