using System.Globalization;
using System.Text;
using System.Xml;
using Community.Portal.Services;

namespace Community.Portal;

/// <summary>What programs read: feeds of what anybody may see, and the addresses for those who search.</summary>
internal static class Feeds
{
    private const int MostInSitemap = 2_000; // of each kind, the newest: older ones are found by links
    private const string Atom = "http://www.w3.org/2005/Atom";

    public static void MapFeeds(this IEndpointRouteBuilder app)
    {
        app.MapCommunityDocument();
        app.MapGet("/robots.txt", (Addresses addresses) => Results.Text(
            $"User-agent: *\nDisallow: /me\nDisallow: /studio\nDisallow: /review\nDisallow: /admin\nDisallow: /system\nDisallow: /checkout\nSitemap: {addresses.Of("/sitemap.xml")}\n"));
        app.MapGet("/sitemap.xml", Sitemap);
        app.MapGet("/feed.xml", Rss);
        app.MapGet("/atom.xml", AtomFeed);
    }

    private static async Task<IResult> Sitemap(ContentService contents, Addresses addresses, HttpContext http, CancellationToken ct)
    {
        var (pieces, topics) = (
            All<ContentInList>(async after => (await contents.Published(after, ct, limit: 100)).Value is { } page ? (page.Items, page.Next) : null),
            All<TopicItem>(async after => (await contents.Topics(after, ct, limit: 100)).Value is { } page ? (page.Items, page.Next) : null));

        return (await pieces, await topics) is not ({ } published, { } discussed)
            ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
            : Write(http, "application/xml", xml =>
            {
                xml.WriteStartElement("urlset", "http://www.sitemaps.org/schemas/sitemap/0.9");

                foreach (var path in new[] { "/", "/contents", "/topics", "/plans" })
                {
                    Place(path, null);
                }

                foreach (var piece in published)
                {
                    Place(Slug.Content(piece.ContentId, piece.Title), piece.PublishedAt);
                }

                foreach (var topic in discussed)
                {
                    Place(Slug.Topic(topic.TopicId, topic.Title), null);
                }

                xml.WriteEndElement();

                void Place(string path, DateTimeOffset? at)
                {
                    xml.WriteStartElement("url");
                    xml.WriteElementString("loc", addresses.Of(path));

                    if (at is { } changed)
                    {
                        xml.WriteElementString("lastmod", Stamp(changed));
                    }

                    xml.WriteEndElement();
                }
            });
    }

    /// <summary>The newest of a list, page by page; null where a page did not come.</summary>
    private static async Task<List<T>?> All<T>(Func<string?, Task<(IReadOnlyList<T> Items, string? Next)?>> ask)
    {
        var all = new List<T>();
        string? after = null;

        do
        {
            if (await ask(after) is not { } page)
            {
                return null;
            }

            all.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null && all.Count < MostInSitemap);

        return all;
    }

    private static async Task<IResult> Rss(ContentService contents, CommunityProfile community, Addresses addresses, HttpContext http, CancellationToken ct)
    {
        var name = (await community.Get(ct)).Name;

        return (await contents.Published(null, ct, limit: 20)).Value is not { } page
            ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
            : Write(http, "application/rss+xml", xml =>
            {
                xml.WriteStartElement("rss");
                xml.WriteAttributeString("version", "2.0");
                xml.WriteStartElement("channel");
                xml.WriteElementString("title", name);
                xml.WriteElementString("link", addresses.Of("/"));
                xml.WriteElementString("description", name);

                foreach (var piece in page.Items)
                {
                    xml.WriteStartElement("item");
                    xml.WriteElementString("title", piece.Title);
                    xml.WriteElementString("link", addresses.Of(Slug.Content(piece.ContentId, piece.Title)));
                    xml.WriteElementString("description", piece.Excerpt);
                    xml.WriteElementString("category", piece.Topic);
                    xml.WriteStartElement("guid");
                    xml.WriteAttributeString("isPermaLink", "false");
                    xml.WriteString($"urn:uuid:{piece.ContentId}");
                    xml.WriteEndElement();
                    xml.WriteElementString("pubDate", (piece.PublishedAt ?? default).UtcDateTime.ToString("R", CultureInfo.InvariantCulture));
                    xml.WriteEndElement();
                }

                xml.WriteEndElement();
                xml.WriteEndElement();
            });
    }

    private static async Task<IResult> AtomFeed(ContentService contents, CommunityProfile community, Addresses addresses, HttpContext http, CancellationToken ct)
    {
        var name = (await community.Get(ct)).Name;

        return (await contents.Published(null, ct, limit: 20)).Value is not { } page
            ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
            : Write(http, "application/atom+xml", xml =>
            {
                xml.WriteStartElement("feed", Atom);
                xml.WriteElementString("id", Atom, addresses.Of("/"));
                xml.WriteElementString("title", Atom, name);
                xml.WriteElementString("updated", Atom, Stamp(page.Items.Count > 0 ? page.Items.Max(piece => piece.PublishedAt ?? default) : default));
                Link("self", "/atom.xml");
                Link("alternate", "/");

                foreach (var piece in page.Items)
                {
                    xml.WriteStartElement("entry", Atom);
                    xml.WriteElementString("id", Atom, $"urn:uuid:{piece.ContentId}");
                    xml.WriteElementString("title", Atom, piece.Title);
                    xml.WriteElementString("updated", Atom, Stamp(piece.PublishedAt ?? default));
                    Link("alternate", Slug.Content(piece.ContentId, piece.Title));
                    xml.WriteElementString("summary", Atom, piece.Excerpt);
                    xml.WriteStartElement("author", Atom);
                    xml.WriteElementString("name", Atom, name);
                    xml.WriteEndElement();
                    xml.WriteEndElement();
                }

                xml.WriteEndElement();

                void Link(string relation, string path)
                {
                    xml.WriteStartElement("link", Atom);
                    xml.WriteAttributeString("rel", relation);
                    xml.WriteAttributeString("href", addresses.Of(path));
                    xml.WriteEndElement();
                }
            });
    }

    private static IResult Write(HttpContext http, string type, Action<XmlWriter> write)
    {
        using var text = new MemoryStream();

        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Encoding = new UTF8Encoding(false), CheckCharacters = true }))
        {
            xml.WriteStartDocument();
            write(xml);
        }

        // The reader's own rights show in the list of who is signed in: only a visitor's answer may be kept.
        http.Response.Headers.CacheControl = http.User.Identity?.IsAuthenticated == true ? "private, no-store" : "public, max-age=300";

        return Results.Bytes(text.ToArray(), $"{type}; charset=utf-8");
    }

    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
