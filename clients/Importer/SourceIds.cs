using System.Security.Cryptography;
using System.Text;

namespace Community.Importer;

/// <summary>Ids made from the source's own, so that a second import of the same site finds what the first one brought.</summary>
internal sealed class SourceIds(string site)
{
    private static readonly Guid _urls = new("6ba7b811-9dad-11d1-80b4-00c04fd430c8"); // RFC 9562, section 6.6

    private readonly Guid _site = NameBased(_urls, $"stackexchange:{site}");

    public string Site => site;

    public Guid Member(long id) => NameBased(_site, $"users/{id}");

    public Guid Post(long id) => NameBased(_site, $"posts/{id}");

    public Guid Comment(long id) => NameBased(_site, $"comments/{id}");

    public Guid Vote(long id) => NameBased(_site, $"votes/{id}");

    public Guid Badge(long id) => NameBased(_site, $"badges/{id}");

    /// <summary>A version-5 UUID: RFC 9562, section 5.5.</summary>
    public static Guid NameBased(Guid space, string name)
    {
        byte[] named = [.. space.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(name)];

        Span<byte> id = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // version 5 is made with SHA-1; nothing rests on its strength
        SHA1.HashData(named, id);
#pragma warning restore CA5350
        id[6] = (byte)((id[6] & 0x0F) | 0x50);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);

        return new Guid(id[..16], bigEndian: true);
    }
}
