using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace Community.Importer.Tests;

/// <summary>The dump of ai.stackexchange.com, read as lines of text and not as XML.</summary>
internal sealed partial class RealDump(string directory)
{
    public string Directory => directory;

    public static RealDump OrSkip()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var beside = Path.Combine(folder.FullName, "..", "shared", "data", "stackexchange-ai");
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")) && System.IO.Directory.Exists(beside))
                return new RealDump(Path.GetFullPath(beside));
        }

        Assert.Skip("../shared/data/stackexchange-ai is not beside the repository.");
        throw new InvalidOperationException();
    }

    public IReadOnlyList<string> Lines(string part)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(directory, part + ".xml.gz")), CompressionMode.Decompress));
        var lines = new List<string>();
        while (text.ReadLine() is { } line)
        {
            if (line.TrimStart().StartsWith("<row ", StringComparison.Ordinal))
                lines.Add(line);
        }

        return lines;
    }

    public static string? Value(string line, string attribute) =>
        Attributes().Matches(line).FirstOrDefault(match => match.Groups[1].Value == attribute) is { } found ? WebUtility.HtmlDecode(found.Groups[2].Value) : null;

    [GeneratedRegex("""(\w+)="([^"]*)"[ /]""")]
    private static partial Regex Attributes();
}
