using System.Globalization;
using System.IO.Compression;
using System.Xml.Linq;

namespace Community.Oracle;

/// <summary>
/// The activity in a dump: questions, answers and comments by members it knows. Votes have no doer, an acceptance has none that is
/// known, badges happen to a member.
/// </summary>
internal static class StackExchangeDump
{
    public static List<Triple> Read(string directory, Func<long, string> memberId)
    {
        var members = new HashSet<long>();
        foreach (var user in Rows(directory, "Users"))
        {
            var id = (long)user.Attribute("Id")!;
            if (id != -1)
                members.Add(id);
        }

        var triples = new List<Triple>();
        var posts = new HashSet<long>();
        foreach (var post in Rows(directory, "Posts"))
        {
            var type = (int)post.Attribute("PostTypeId")!;
            if (type is not (1 or 2))
                continue;

            posts.Add((long)post.Attribute("Id")!);
            Add((long?)post.Attribute("OwnerUserId"), post, type == 1 ? "topic" : "reply");
        }

        foreach (var comment in Rows(directory, "Comments"))
        {
            if (posts.Contains((long)comment.Attribute("PostId")!))
                Add((long?)comment.Attribute("UserId"), comment, "comment");
        }

        return triples;

        void Add(long? doer, XElement row, string kind)
        {
            if (doer is { } member && members.Contains(member))
                triples.Add(new Triple(memberId(member), DateTimeOffset.Parse((string)row.Attribute("CreationDate")! + "Z", CultureInfo.InvariantCulture), kind));
        }
    }

    private static List<XElement> Rows(string directory, string part)
    {
        var plain = Path.Combine(directory, part + ".xml");
        using var file = File.OpenRead(File.Exists(plain) ? plain : plain + ".gz");
        using var text = File.Exists(plain) ? file : (Stream)new GZipStream(file, CompressionMode.Decompress);

        return XDocument.Load(text).Root!.Elements("row").ToList();
    }
}
