using System.Globalization;
using System.Text;
using Community.Client.Membership;
using CsvHelper;

namespace Community.Importer.Members;

/// <summary>
/// A list of members as CSV with a line of names: <c>email</c> and, if it has them, <c>name</c>, <c>created_at</c> (or
/// <c>joined_at</c>) and <c>deleted_at</c>; so also what Ghost exports. Who a line is, its address tells.
/// </summary>
internal sealed class MemberFile(string path, TimeProvider clock, Report report)
{
    private static readonly string[] Taken = ["email", "name", "created_at", "joined_at", "deleted_at"];
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly CsvReaderOptions Options = new() { TrackLineNumbers = true, MalformedData = CsvMalformedDataHandling.Throw, IncludeValuesInExceptions = false };
    private readonly string _name = Path.GetFileName(path);
    private readonly DateTimeOffset _now = clock.GetUtcNow();
    private IReadOnlyList<string> _columns = [];

    /// <summary>The format of its dates, as .NET writes it; null: ISO 8601.</summary>
    public string? Dates { get; init; }

    /// <summary>Whether a format tells one day from every other: what it writes, it reads again as the same.</summary>
    public static bool NamesADay(string format)
    {
        var day = new DateTimeOffset(2024, 11, 23, 0, 0, 0, TimeSpan.Zero);
        try
        {
            return DateTimeOffset.TryParseExact(day.ToString(format, CultureInfo.InvariantCulture), format, CultureInfo.InvariantCulture, Utc, out var read) && read == day;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Reads everything once, so that nothing is sent of what cannot be read to its end.</summary>
    /// <exception cref="ImportFailedException">The file is missing or cannot be read; names the line.</exception>
    public IReadOnlyList<Consignment> Survey(CancellationToken ct)
    {
        report.Source = path;
        var rows = 0;

        foreach (var _ in Rows())
        {
            ct.ThrowIfCancellationRequested();
            rows++;
        }

        return [new(Kind.Members, rows, Facts())];
    }

    private IEnumerable<Fact> Facts()
    {
        // What is left out is told by its line; the addresses stay in the file.
        var (about, seen) = (Kind.Members.Name, new HashSet<string>(StringComparer.OrdinalIgnoreCase));

        if (_columns.Where(name => name.Length > 0 && !Taken.Any(known => Is(name, known))).ToList() is { Count: > 0 } others)
            report.Note($"columns that are not taken: {string.Join(", ", others)}", others.Count);

        foreach (var row in Rows())
        {
            if (row.DeletedAt.Length > 0)
            {
                report.LeftOut(about, "deleted there");
            }
            else if (row.Email.Length == 0)
            {
                report.LeftOut(about, "without an e-mail address", row.Place, "email is empty");
            }
            else if (!seen.Add(row.Email.Normalize(NormalizationForm.FormKC)))
            {
                report.LeftOut(about, "addresses that were there before", row.Place, "the same email stands above");
            }
            else if ((row.CreatedAt.Length == 0 ? _now : Instant(row.CreatedAt)) is not { } joined)
            {
                report.LeftOut(about, "with a date that could be another", row.Place, Dates is { } named
                    ? $"created_at is no instant of the form {named}"
                    : "created_at is no instant of ISO 8601, such as 2024-05-01T10:00:00Z; --dates names another format");
            }
            else if (joined < Earliest || joined > _now)
            {
                report.LeftOut(about, "without an instant", row.Place, "created_at is no instant between 1970 and now, such as 2024-05-01T10:00:00Z");
            }
            else
            {
                var (id, name) = (Guid.CreateVersion7(_now), string.Concat(row.Name.Where(c => !char.IsControl(c))));

                if (name.Length < row.Name.Length)
                    report.Note("control characters taken out", row.Name.Length - name.Length);
                if (name.Length == 0)
                    report.Note("members without a name, called member-…");
                if (row.CreatedAt.Length == 0)
                    report.Note("members without an instant, who join now");

                yield return new Fact(id, row.Place, new ImportedMember
                {
                    MemberId = id,
                    DisplayName = name.Length == 0 ? $"member-{id.ToString("N")[^8..]}" : name,
                    JoinedAt = joined.ToUniversalTime(),
                    Email = row.Email
                });
            }
        }
    }

    private IEnumerable<MemberRow> Rows()
    {
        using var csv = Open();
        _columns = Read(() => csv.Headers);

        if (_columns.Count == 0)
            throw new ImportFailedException($"{_name} is empty.");
        if (!csv.TryGetFieldIndex("email", out _))
            throw new ImportFailedException($"{_name}:1: has no column email; the first line names the columns.");

        while (Read(csv.Read))
        {
            yield return new MemberRow(
                new Place(_name, (int)csv.LineNumber), Field("email"), Field("name"),
                Field("created_at") is { Length: > 0 } created ? created : Field("joined_at"), Field("deleted_at"));
        }

        string Field(string name) => csv.TryGetFieldIndex(name, out var index) && index < csv.FieldCount ? csv.GetString(index).Trim() : "";
    }

    private CsvReader Open()
    {
        try
        {
            return CsvReader.Create(new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read), Utf8), Options, leaveOpen: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportFailedException($"{_name} cannot be opened: {e.Message}", e);
        }
    }

    private T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException e)
        {
            throw new ImportFailedException($"{_name} is no UTF-8.", e);
        }
        catch (CsvFormatException e)
        {
            throw new ImportFailedException($"{_name}:{e.LineNumber}: cannot be read on. {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new ImportFailedException($"{_name} cannot be read on. {e.Message}", e);
        }
    }

    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    // What the invariant culture takes is more, and by the American order: 03/04/2024 would be 4 March without a word.
    private static readonly string[] Iso8601 =
    [
        "yyyy-MM-dd",
        .. from between in new[] { "'T'", " " }
           from time in new[] { "HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFFF" }
           from zone in new[] { "", "K", " zzz", "zzz", "'Z'", " 'UTC'" }
           select $"yyyy-MM-dd{between}{time}{zone}"
    ];

    /// <returns>Null where the text is no date in a format that says which of its numbers is the day.</returns>
    private DateTimeOffset? Instant(string text) => DateTimeOffset.TryParseExact(text, Dates is { } named ? [named] : Iso8601, CultureInfo.InvariantCulture, Utc, out var at) ? at : null;

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}

internal sealed record MemberRow(Place Place, string Email, string Name, string CreatedAt, string DeletedAt);
