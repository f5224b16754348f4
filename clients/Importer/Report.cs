namespace Community.Importer;

/// <summary>Accounts for everything that was read: taken, already there, or left out and why.</summary>
internal sealed class Report
{
    private const int PlacesShown = 100;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<string, Tally> _tallies = [];
    private readonly OrderedDictionary<(string About, string Reason), Omission> _leftOut = [];
    private readonly OrderedDictionary<string, int> _notes = [];

    public string Source { get; set; } = "";

    public string Destination { get; set; } = "";

    public void Answered(Kind kind, int taken, int already)
    {
        lock (_lock)
        {
            var tally = Tally(kind.Name);
            tally.Taken += taken;
            tally.Already += already;
        }
    }

    /// <summary>For what a dump normally holds and a community does not take: counted, not listed.</summary>
    public void LeftOut(string about, string reason) => LeftOut(about, reason, line: null);

    /// <summary>For what should not be: listed by file and line, as far as a reader would follow.</summary>
    public void LeftOut(string about, string reason, Place place, string detail) => LeftOut(about, reason, $"{place}: {detail}");

    public void Note(string note, int count = 1)
    {
        lock (_lock)
            _notes[note] = _notes.GetValueOrDefault(note) + count;
    }

    public void Write(TextWriter output, string? failure = null)
    {
        lock (_lock)
        {
            output.WriteLine(Destination.Length == 0 ? $"Import of {Source}" : $"Import of {Source} into {Destination}");

            if (_tallies.Count > 0)
            {
                output.WriteLine();
                output.WriteLine($"{"",-18}{"taken",10}{"already",10}{"left out",10}");
            }

            foreach (var (about, tally) in _tallies)
                output.WriteLine($"{about,-18}{tally.Taken,10}{tally.Already,10}{tally.LeftOut,10}");

            Section(output, "Came in changed, or told something else", _notes.Select(note => $"{note.Value,8}  {note.Key}"));
            Section(output, "Left out", _leftOut.SelectMany(one => Lines(one.Key.About, one.Key.Reason, one.Value)));

            if (failure is not null)
                Section(output, "Not finished", [$"  {failure}", $"  {Afterwards()}"]);
        }
    }

    private string Afterwards() => _tallies.Values.Any(tally => tally.Taken + tally.Already > 0)
        ? "What was taken stays; running the import again goes on where it stopped."
        : "Nothing was taken.";

    private static void Section(TextWriter output, string title, IEnumerable<string> lines)
    {
        var all = lines.ToArray();
        if (all.Length == 0)
            return;

        output.WriteLine();
        output.WriteLine(title);
        foreach (var line in all)
            output.WriteLine(line);
    }

    private static IEnumerable<string> Lines(string about, string reason, Omission omission)
    {
        var more = omission.Lines.Count > 0 ? omission.Count - omission.Lines.Count : 0;

        return [
            $"{omission.Count,8}  {about}: {reason}",
            .. omission.Lines.Select(line => $"            {line}"),
            .. more > 0 ? [$"            … and {more} more"] : Array.Empty<string>(),
        ];
    }

    private void LeftOut(string about, string reason, string? line)
    {
        lock (_lock)
        {
            Tally(about).LeftOut++;
            if (!_leftOut.TryGetValue((about, reason), out var omission))
                _leftOut.Add((about, reason), omission = new Omission());

            omission.Count++;
            if (line is not null && omission.Lines.Count < PlacesShown)
                omission.Lines.Add(line);
        }
    }

    private Tally Tally(string about)
    {
        if (!_tallies.TryGetValue(about, out var tally))
            _tallies.Add(about, tally = new Tally());

        return tally;
    }

    private sealed class Omission
    {
        public int Count { get; set; }

        public List<string> Lines { get; } = [];
    }
}

internal sealed class Tally
{
    public int Taken { get; set; }

    public int Already { get; set; }

    public int LeftOut { get; set; }
}
