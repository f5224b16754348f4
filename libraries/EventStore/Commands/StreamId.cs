using System.Security.Cryptography;
using System.Text;

namespace Community.EventStore;

public static class StreamId
{
    /// <summary>The id of the one stream of a kind that belongs to something with an id of its own (RFC 9562, version 8).</summary>
    public static Guid Of(string kind, Guid of) => Of(kind, of.ToString());

    /// <inheritdoc cref="Of(string,Guid)"/>
    public static Guid Of(string kind, string of)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}/{of}")).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);

        return new Guid(bytes, bigEndian: true);
    }
}
