using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Configuration;

namespace Community.Portal.Tests;

public sealed class PictureProxyTests
{
    private static readonly byte[] Key = new byte[32];

    [Theory]
    [InlineData("93.184.215.14", true)]
    [InlineData("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    public void Only_the_internet_is_public(string address, bool isPublic) => Assert.Equal(isPublic, PictureProxy.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void Pictures_from_elsewhere_are_at_our_address_and_others_stay()
    {
        using var proxy = new PictureProxy(Key, Nowhere);
        var html = proxy.Through("""<p><img src="https://example.org/a.png?b=1&amp;c=2" alt="d"> <img alt="e" src="/f.png"> <a href="https://example.org/">g</a></p>""");

        Assert.Contains("""<img loading="lazy" src="/pictures/elsewhere?address=https%3A%2F%2Fexample.org%2Fa.png%3Fb%3D1%26c%3D2&amp;proof=""", html, StringComparison.Ordinal);
        Assert.Contains("""<img alt="e" src="/f.png">""", html, StringComparison.Ordinal);
        Assert.Contains("""<a href="https://example.org/">""", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_pictures_of_a_bounded_size_come_through_and_only_with_proof()
    {
        await using var elsewhere = await Elsewhere();
        using var proxy = new PictureProxy(Key, async (_, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync("127.0.0.1", new Uri(elsewhere.Urls.Single()).Port, ct);

            return new NetworkStream(socket, ownsSocket: true);
        });

        var picture = Assert.IsType<FileContentHttpResult>(await Get(proxy, "http://example.org/picture"));
        Assert.Equal(("image/png", 3), (picture.ContentType, picture.FileContents.Length));
        Assert.IsType<FileContentHttpResult>(await Get(proxy, "http://example.org/moved"));

        foreach (var path in new[] { "page", "drawing", "large", "endless", "nothing" })
        {
            Assert.IsType<NotFound>(await Get(proxy, $"http://example.org/{path}"));
        }

        Assert.IsType<NotFound>(await Get(proxy, "http://example.org:8080/picture"));
        Assert.IsType<NotFound>(await Get(proxy, "file:///etc/passwd"));
        Assert.IsType<NotFound>(await proxy.Get("http://example.org/picture", "guessed", new DefaultHttpContext()));
    }

    [Fact]
    public async Task What_is_not_public_is_never_asked()
    {
        await using var elsewhere = await Elsewhere();
        using var proxy = new PictureProxy(new ConfigurationBuilder().Build());

        foreach (var host in new[] { "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433" })
        {
            Assert.IsType<NotFound>(await Get(proxy, $"http://{host}/picture"));
        }
    }

    private static async Task<IResult> Get(PictureProxy proxy, string address)
    {
        var query = QueryHelpers.ParseQuery(proxy.AddressOf(address).Split('?')[1]);

        return await proxy.Get(query["address"]!, query["proof"]!, new DefaultHttpContext());
    }

    private static async Task<WebApplication> Elsewhere()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.MapGet("/picture", () => Results.Bytes([1, 2, 3], "image/png"));
        server.MapGet("/moved", () => Results.Redirect("/picture"));
        server.MapGet("/page", () => Results.Text("<script>", "text/html"));
        server.MapGet("/drawing", () => Results.Text("<svg onload='x'/>", "image/svg+xml"));
        server.MapGet("/large", () => Results.Bytes(new byte[PictureProxy.Largest + 1], "image/png"));
        server.MapGet("/endless", async (HttpResponse response) =>
        {
            response.ContentType = "image/png";

            for (var i = 0; i < 10; i++)
            {
                await response.Body.WriteAsync(new byte[1 << 20]);
            }
        });
        await server.StartAsync();

        return server;
    }

    private static ValueTask<Stream> Nowhere(DnsEndPoint there, CancellationToken ct) => throw new HttpRequestException();
}
