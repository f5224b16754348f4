using System.IO.Compression;
using System.Text;

namespace Community.Importer.Tests;

/// <summary>A small dump: two members, a question with an accepted answer, a comment, votes, a badge; each file can be replaced.</summary>
internal sealed class MadeDump : IDisposable
{
    private readonly Dictionary<string, string[]> _rows = new()
    {
        ["Users"] =
        [
            """<row Id="-1" CreationDate="2016-01-01T00:00:00.000" DisplayName="Community" />""",
            """<row Id="1" CreationDate="2016-01-02T10:00:00.000" DisplayName="Ann" />""",
            """<row Id="2" CreationDate="2016-01-03T10:00:00.000" DisplayName="Bob" />""",
        ],
        ["Posts"] =
        [
            """<row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2016-02-01T10:00:00.000" Title="Why?" Body="&lt;p&gt;Why?&lt;/p&gt;" Tags="&lt;a&gt;&lt;b&gt;" OwnerUserId="1" />""",
            """<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2016-02-02T10:00:00.000" Body="&lt;p&gt;Because.&lt;/p&gt;" OwnerUserId="2" />""",
        ],
        ["Comments"] = ["""<row Id="1" PostId="2" Text="Indeed" CreationDate="2016-02-03T10:00:00.000" UserId="1" />"""],
        ["Votes"] =
        [
            """<row Id="1" PostId="2" VoteTypeId="1" CreationDate="2016-02-04T00:00:00.000" />""",
            """<row Id="2" PostId="1" VoteTypeId="2" CreationDate="2016-02-01T00:00:00.000" />""",
        ],
        ["Badges"] = ["""<row Id="1" UserId="2" Name="Teacher" Date="2016-02-04T10:00:00.000" Class="3" />"""],
    };

    private readonly Dictionary<string, byte[]?> _files = [];

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("dump-").FullName;

    public static byte[] Gzip(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(plain);

        return packed.ToArray();
    }

    /// <summary>Rows are on lines of their own; the first one of a file is on line 3.</summary>
    public MadeDump With(string part, params string[] rows)
    {
        _rows[part] = [.. _rows[part], .. rows];
        return this;
    }

    public MadeDump WithFile(string name, string content) => WithFile(name, Encoding.UTF8.GetBytes(content));

    public MadeDump WithFile(string name, byte[]? content)
    {
        _files[name] = content;
        return this;
    }

    public byte[] Content(string part) => Encoding.UTF8.GetBytes(
        $"\uFEFF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{part.ToLowerInvariant()}>\n{string.Join("\n", _rows[part])}\n</{part.ToLowerInvariant()}>");

    public string Write()
    {
        foreach (var part in _rows.Keys.Where(part => !_files.ContainsKey(part + ".xml")))
            File.WriteAllBytes(Path.Combine(Directory, part + ".xml"), Content(part));

        foreach (var (name, content) in _files.Where(file => file.Value is not null))
            File.WriteAllBytes(Path.Combine(Directory, name), content!);

        return Directory;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
