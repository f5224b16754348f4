using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Community.Web;

public static class Network
{
    /// <summary>
    /// Where a request comes from, as limits count it: an IPv4 address, or the first 64 bits of an IPv6 address, which is what
    /// one customer has and may change within at will.
    /// </summary>
    public static string Origin(this HttpContext http) => http.Connection.RemoteIpAddress switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } address => new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]).ToString(),
        var address => address.ToString()
    };

    /// <summary>
    /// The address of this service for answers, with a slash at its end: the configured one, else that of the connection. Never what the
    /// request calls us: its Host header is the caller's to choose.
    /// </summary>
    public static Uri OwnAddress(this HttpContext http, string? configured)
    {
        if (!string.IsNullOrEmpty(configured))
            return new Uri($"{configured.TrimEnd('/')}/");

        var local = http.Connection.LocalIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) : IPAddress.Loopback;

        return new UriBuilder(Uri.UriSchemeHttp, local.ToString(), http.Connection.LocalPort > 0 ? http.Connection.LocalPort : 80).Uri;
    }
}
