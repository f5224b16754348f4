using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Community.Testing;

namespace Community.Benchmarks;

/// <summary>The real dump, and the same so many times over with ids that do not meet.</summary>
internal sealed partial record Dump(string Directory, long Rows)
{
    // Far above the ids of the dump.
    private const long Shift = 10_000_000;
    private static readonly string[] Parts = ["Users", "Posts", "Comments", "Votes", "Badges"];

    public static Dump? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var beside = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", "stackexchange-ai"));

            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")) && System.IO.Directory.Exists(beside))
            {
                return new(beside, Parts.Sum(part => RowsOf(beside, part).LongCount()));
            }
        }

        return null;
    }

    public async Task<Dump> Times(int copies)
    {
        if (copies == 1)
        {
            return this;
        }

        var repeated = Servers.NewDirectory("dump");

        foreach (var part in Parts)
        {
            await using var file = new StreamWriter(
                new GZipStream(File.Create(Path.Combine(repeated, $"{part}.xml.gz")), CompressionLevel.Fastest), new UTF8Encoding(false));
            await file.WriteLineAsync("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
            await file.WriteLineAsync($"<{part.ToLowerInvariant()}>");

            for (var copy = 0; copy < copies; copy++)
            {
                foreach (var row in RowsOf(Directory, part))
                {
                    await file.WriteLineAsync(IdAttributes().Replace(row, id => $"{id.Groups[1].Value}{long.Parse(id.Groups[2].ValueSpan, CultureInfo.InvariantCulture) + copy * Shift}\""));
                }
            }

            await file.WriteLineAsync($"</{part.ToLowerInvariant()}>");
        }

        return new(repeated, Rows * copies);
    }

    private static IEnumerable<string> RowsOf(string directory, string part)
    {
        using var file = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(directory, $"{part}.xml.gz")), CompressionMode.Decompress));

        while (file.ReadLine() is { } line)
        {
            if (line.AsSpan().TrimStart().StartsWith("<row "))
            {
                yield return line;
            }
        }
    }

    // The system's own user, -1, is the same in every copy.
    [GeneratedRegex("""( (?:Id|PostId|UserId|OwnerUserId|ParentId|AcceptedAnswerId)=")(\d+)""" + "\"")]
    private static partial Regex IdAttributes();
}
