using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Community.Portal.Tests;

public sealed class BuiltInDevelopment(DevelopmentPortal portal) : BuiltPortalTests(portal), IClassFixture<DevelopmentPortal>;

public sealed class BuiltInProduction(ProductionPortal portal) : BuiltPortalTests(portal), IClassFixture<ProductionPortal>;

public sealed class DevelopmentPortal() : RunningPortal("Development");

public sealed class ProductionPortal() : RunningPortal("Production");

/// <summary>Started once for all tests of a class.</summary>
public abstract class RunningPortal(string environment) : IAsyncLifetime
{
    private Neighbours? _neighbours;
    private BuiltPortal? _portal;

    public string Environment => environment;

    public Uri Address => _portal?.Address ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync()
    {
        _neighbours = await Neighbours.Start();
        _portal = await BuiltPortal.Start(environment, _neighbours.Address, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);

        if (_portal is not null)
        {
            await _portal.DisposeAsync();
        }

        if (_neighbours is not null)
        {
            await _neighbours.DisposeAsync();
        }
    }
}

public abstract partial class BuiltPortalTests(RunningPortal portal) : IDisposable
{
    private readonly HttpClient _browser =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = portal.Address };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _browser.Dispose();
    }

    [Fact]
    public async Task Every_file_that_a_page_names_comes_whole_however_it_is_packed()
    {
        var page = await _browser.GetStringAsync(new Uri("/", UriKind.Relative), Ct);
        var files = Files().Matches(page).Select(match => match.Groups[1].Value).Distinct().ToArray();
        Assert.Contains(files, file => file.EndsWith(".css", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith("blazor.web.js", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith(".svg", StringComparison.Ordinal));

        foreach (var file in files)
        {
            var plain = await Get(file, "identity");
            Assert.Equal(plain, await Get(file, "gzip"));
            Assert.Equal(plain, await Get(file, "gzip, deflate, br, zstd"));

            var sheet = Path.Combine(BuiltPortal.Directory, "wwwroot", Path.GetFileName(file));
            Assert.True(plain.Length > 100 && (file.Contains("_framework", StringComparison.Ordinal) || file.Contains('.', StringComparison.Ordinal)), $"{file}: {plain.Length}");

            if (file.Contains("portal", StringComparison.Ordinal))
            {
                Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(sheet)!, "portal.css"), Ct), plain);
            }
        }
    }

    public static TheoryData<string, string, string> Unreadable => new()
    {
        { "/sign-in", "_handler=sign-in&Given.Email=a&Given.Password=b", "application/x-www-form-urlencoded" }, // without a token
        { "/sign-out", "back=%2F", "application/x-www-form-urlencoded" },
        { "/forgot-password", "_handler=forgot-password&Given.Email=a", "application/x-www-form-urlencoded" },
        { "/sign-in", "_handler=sign-in&__RequestVerificationToken=x", "application/x-www-form-urlencoded" },
        { "/sign-out", "__RequestVerificationToken=%00%F0%9F", "application/x-www-form-urlencoded" },
        { "/sign-in", "_handler=a&_handler=b", "application/x-www-form-urlencoded" },
        { "/sign-in", "{}", "application/json" },
        { "/language", "{}", "application/json" },
        { "/language", "back=%2F", "application/x-www-form-urlencoded" },
        { "/language", "language=zh&back=%2F%E4%B8%AD%E6%96%87", "application/x-www-form-urlencoded" },
        { "/language", "--", "multipart/form-data; boundary=x" },
        { "/sign-out", "--", "multipart/form-data" },
        { "/", "a=b", "application/x-www-form-urlencoded" }
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task What_cannot_be_read_is_refused_with_a_page(string path, string body, string type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        var response = await _browser.PostAsync(new Uri(path, UriKind.Relative), content, Ct);
        var page = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnsupportedMediaType, $"{(int)response.StatusCode}: {page}");

        if (portal.Environment == "Production")
        {
            Assert.Contains("The request could not be read.", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_way_back_that_is_no_address_is_refused_wherever_it_is_given()
    {
        const string Back = "%2F%E4%B8%AD%E6%96%87";
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.GetAsync(new Uri($"/sign-in?back={Back}", UriKind.Relative), Ct)).StatusCode);

        var signIn = await Post("/sign-in", $"/sign-in?back={Back}", new() { ["_handler"] = "sign-in", ["Given.Email"] = "a@example.org", ["Given.Password"] = Neighbours.Password });
        Assert.Equal(HttpStatusCode.BadRequest, signIn.StatusCode);
        Assert.DoesNotContain("community-session", signIn.Headers.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await Post("/sign-in", "/sign-out", new() { ["back"] = "/中文" })).StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await Post("/sign-in", "/sign-in?back=%2F%25E4%25B8%25AD", new()
        {
            ["_handler"] = "sign-in",
            ["Given.Email"] = "a@example.org",
            ["Given.Password"] = Neighbours.Password
        })).StatusCode);
    }

    private async Task<string> Get(string file, string packed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/" + file.TrimStart('/'), UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept-Encoding", packed);
        var response = await _browser.SendAsync(request, Ct);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{file} as {packed} answered {(int)response.StatusCode}");
        await using var stream = await response.Content.ReadAsStreamAsync(Ct);
        await using var open = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(stream, CompressionMode.Decompress),
            "br" => new BrotliStream(stream, CompressionMode.Decompress),
            null => stream,
            var other => throw new InvalidOperationException($"{file} came as {other}.")
        };
        using var reader = new StreamReader(open, Encoding.UTF8);

        return await reader.ReadToEndAsync(Ct);
    }

    private async Task<HttpResponseMessage> Post(string page, string action, Dictionary<string, string> fields)
    {
        fields["__RequestVerificationToken"] = Token().Match(await _browser.GetStringAsync(new Uri(page, UriKind.Relative), Ct)).Groups[1].Value;
        using var content = new FormUrlEncodedContent(fields);

        return await _browser.PostAsync(new Uri(action, UriKind.Relative), content, Ct);
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]+\\.(?:css|svg|js))\"")]
    private static partial Regex Files();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
