using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;

namespace Community.Portal;

/// <summary>
/// Pictures from elsewhere come through the portal: nobody there learns who reads. Only pictures that stand in a text of ours
/// are fetched, of a bounded size, and never from an address that is not public.
/// </summary>
internal sealed partial class PictureProxy : IDisposable
{
    public const int Largest = 5 << 20;

    private const int AtOnce = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly string[] Types = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"];

    // What RFC 6890 and its successors keep for other uses than the internet's.
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"
        }.Select(network => IPNetwork.Parse(network))
    ];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    private readonly byte[] _key;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _places = new(AtOnce);

    /// <summary><c>Pictures:Key</c> (base64) is for several portals behind one address; alone, a portal makes one at each start.</summary>
    public PictureProxy(IConfiguration configuration) : this(
        configuration["Pictures:Key"] is { Length: > 0 } key ? Convert.FromBase64String(key) : RandomNumberGenerator.GetBytes(32), Connect)
    {
    }

    internal PictureProxy(byte[] key, Func<DnsEndPoint, CancellationToken, ValueTask<Stream>> connect)
    {
        _key = key;
        _http = new(new SocketsHttpHandler
        {
            // Each connection, also behind a redirect: the name is resolved and looked at once, and that address is connected to.
            ConnectCallback = (context, ct) => connect(context.DnsEndPoint, ct),
            UseProxy = false,
            UseCookies = false,
            MaxAutomaticRedirections = 3,
            MaxResponseHeadersLength = 16
        })
        { Timeout = Patience, MaxResponseContentBufferSize = Largest };
        _http.DefaultRequestHeaders.Accept.ParseAdd("image/*");
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Community", null));
    }

    public void Dispose()
    {
        _http.Dispose();
        _places.Dispose();
    }

    /// <summary>The same HTML, with the pictures from elsewhere at our address. For HTML that was made harmless.</summary>
    public string Through(string html) => Picture().Replace(html, match => $"<img loading=\"lazy\"{match.Groups[1].ValueSpan}{WebUtility.HtmlEncode(AddressOf(WebUtility.HtmlDecode(match.Groups[2].Value)))}\"");

    public string AddressOf(string picture) => $"/pictures/elsewhere?address={Uri.EscapeDataString(picture)}&proof={ProofOf(picture)}";

    public async Task<IResult> Get(string address, string proof, HttpContext http)
    {
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(ProofOf(address)), Encoding.UTF8.GetBytes(proof))
            || !Uri.TryCreate(address, UriKind.Absolute, out var picture) || picture is not { Scheme: "http" or "https", IsDefaultPort: true })
        {
            return Results.NotFound();
        }

        if (!await _places.WaitAsync(Patience, http.RequestAborted))
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        try
        {
            using var answer = await _http.GetAsync(picture, http.RequestAborted); // whole, or not at all where it is too large

            if (answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType is not { } type || !Types.Contains(type))
            {
                return Results.NotFound();
            }

            http.Response.Headers.CacheControl = "public, max-age=86400, immutable";
            http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";

            return Results.Bytes(await answer.Content.ReadAsByteArrayAsync(http.RequestAborted), type);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            return Results.NotFound();
        }
        finally
        {
            _places.Release();
        }
    }

    internal static bool IsPublic(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

        return (address.AddressFamily == AddressFamily.InterNetwork || Global.Contains(address)) && !NotPublic.Any(network => network.Contains(address));
    }

    private static async ValueTask<Stream> Connect(DnsEndPoint there, CancellationToken ct)
    {
        // The port too: a redirect may name another one.
        var addresses = there.Port is 80 or 443 ? (await Dns.GetHostAddressesAsync(there.Host, ct)).Where(IsPublic).ToArray() : [];

        if (addresses.Length == 0)
        {
            throw new HttpRequestException("There is no public address.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        try
        {
            await socket.ConnectAsync(addresses, there.Port, ct);

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private string ProofOf(string picture) => WebEncoders.Base64UrlEncode(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(picture)));

    [GeneratedRegex("<img\\b([^>]*?\\bsrc=\")(https?://[^\"]*)\"")]
    private static partial Regex Picture();
}
