using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace Community.Importer.StackExchange;

/// <summary>The files of a dump: one <c>&lt;row …/&gt;</c> after the other below one root, plain or .gz.</summary>
/// <param name="now">One instant for all readings, lest a row that was in the future at the first be past at the second.</param>
internal sealed class Dump(string folder, DateTimeOffset now)
{
    public string Folder => folder;

    /// <summary>A row is to be read before the next one is asked for: it looks at the file itself.</summary>
    /// <exception cref="ImportFailedException">The file is missing, or cannot be read to its end.</exception>
    public IEnumerable<Row> Rows(string part)
    {
        using var file = DumpFile.Open(folder, part, now.UtcDateTime);
        while (file.Next() is { } row)
            yield return row;
    }
}

internal sealed class DumpFile : IDisposable
{
    private static readonly XmlReaderSettings _settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreWhitespace = true,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CheckCharacters = false, // real dumps hold such as &#x1; and the row takes them out
    };

    private readonly string _name;
    private readonly string _root;
    private readonly DateTime _now;
    private readonly Stream _bytes;
    private readonly XmlReader _xml;

    private DumpFile(string name, string root, DateTime now, Stream bytes)
    {
        (_name, _root, _now, _bytes) = (name, root, now, bytes);
        _xml = XmlReader.Create(bytes, _settings);
    }

    private int Line => Math.Max(1, ((IXmlLineInfo)_xml).LineNumber);

    public static DumpFile Open(string folder, string part, DateTime now)
    {
        foreach (var name in new[] { $"{part}.xml", $"{part}.xml.gz" })
        {
            try
            {
                Stream bytes = new FileStream(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
                return new DumpFile(name, part, now, name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(bytes, CompressionMode.Decompress) : bytes);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // the other name, then
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or XmlException)
            {
                throw new ImportFailedException($"{name} cannot be opened: {e.Message}", e);
            }
        }

        throw new ImportFailedException($"{part}.xml is missing in {folder}, and so is {part}.xml.gz. The dump has to be complete: Users, Posts, Comments, Votes, Badges.");
    }

    public Row? Next()
    {
        try
        {
            while (_xml.Read())
            {
                if (_xml.NodeType != XmlNodeType.Element)
                    continue;

                if (_xml.Depth == 0)
                {
                    if (!_xml.LocalName.Equals(_root, StringComparison.OrdinalIgnoreCase))
                        throw new ImportFailedException($"{_name}:{Line}: holds <{_xml.LocalName}>, not <{_root.ToLowerInvariant()}>.");
                    continue;
                }

                return new Row(_xml, new Place(_name, Line), _now);
            }

            return null;
        }
        catch (XmlException e)
        {
            var what = e.Message.Split(". ")[0].TrimEnd('.'); // the sentences after the first speak to programmers
            throw new ImportFailedException($"{_name}:{Math.Max(e.LineNumber, Line)}: cannot be read on. {what}.", e);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new ImportFailedException($"{_name}:{Line}: cannot be read on. {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _xml.Dispose();
        _bytes.Dispose();
    }
}

/// <summary>Reads a row's attributes by what they should be and remembers the first that is not.</summary>
internal sealed class Row(XmlReader xml, Place place, DateTime now)
{
    private static readonly string[] _instants = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd"];
    private static readonly DateTime _earliest = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public Place Place => place;

    public string? Fault { get; private set; } = xml is { LocalName: "row", Depth: 1 } ? null : $"<{Shown(xml.LocalName)}> is no row of the dump";

    /// <summary>How many characters were taken out that no service stores.</summary>
    public int Removed { get; private set; }

    public long Id(string name) => Number(name) is var id and > 0 ? id : Wrong<long>(name, "is no id");

    public long? OptionalId(string name) => xml.GetAttribute(name) is null ? null : Id(name);

    /// <summary>A member's id, -1 for the system's own user, or null where the account was deleted.</summary>
    public long? User(string name) =>
        xml.GetAttribute(name) is null ? null
        : Number(name) is var id and (-1 or > 0) ? id
        : Wrong<long?>(name, "is no id");

    public long Number(string name) =>
        long.TryParse(Required(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : Wrong<long>(name, "is no number");

    /// <summary>Dumps tell UTC without saying so.</summary>
    public DateTime Instant(string name) =>
        !DateTime.TryParseExact(Required(name), _instants, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? Wrong<DateTime>(name, "is no date")
        : at < _earliest ? Wrong<DateTime>(name, "is before 1970")
        : at > now ? Wrong<DateTime>(name, "is in the future")
        : at;

    public string? OptionalLine(string name) => xml.GetAttribute(name) is { } raw && Clean(raw, lines: false).Trim() is { Length: > 0 } line ? line : null;

    public string RequiredLine(string name) => OptionalLine(name) ?? Wrong<string>(name, "is missing or empty") ?? "";

    public string Text(string name) => Clean(Required(name), lines: true);

    private string Required(string name) => xml.GetAttribute(name) ?? Wrong<string>(name, "is missing") ?? "";

    private T? Wrong<T>(string name, string what)
    {
        Fault ??= xml.GetAttribute(name) is { } value ? $"{name} \"{Shown(value)}\" {what}" : $"{name} is missing";
        return default;
    }

    private string Clean(string raw, bool lines)
    {
        var clean = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            var c = raw[i];
            if (char.IsSurrogatePair(raw, i))
                clean.Append(c).Append(raw[++i]);
            else if (c is '\t' or '\n' or '\r')
                clean.Append(lines ? c : ' ');
            else if (!char.IsControl(c) && !char.IsSurrogate(c) && c is not ('\uFFFE' or '\uFFFF'))
                clean.Append(c);
        }

        Removed += raw.Length - clean.Length;
        return clean.ToString();
    }

    private static string Shown(string value)
    {
        var shown = new string([.. value.Take(40).Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
        return value.Length > 40 ? shown + "…" : shown;
    }
}
