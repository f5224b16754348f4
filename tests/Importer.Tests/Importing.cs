using Community.Importer.StackExchange;

namespace Community.Importer.Tests;

/// <summary>One run of the importer, and what it said.</summary>
internal sealed record Importing(int Exit, string Report, string Errors)
{
    public static Task<Importing> Run(string directory, Uri to, TimeSpan? patience = null, string token = RecordingCommunity.Token, string site = "test", CancellationToken ct = default) =>
        Run((report, ct) => new StackExchangeSite(new Dump(directory, TimeProvider.System.GetUtcNow()), new SourceIds(site), report).Survey(ct), to, patience, token, ct);

    public static async Task<Importing> Run(
        Func<Report, CancellationToken, IReadOnlyList<Consignment>> survey, Uri to, TimeSpan? patience = null, string token = RecordingCommunity.Token, CancellationToken ct = default)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        using var synchronized = TextWriter.Synchronized(errors);

        var exit = await Import.Run(survey, to, token, patience ?? TimeSpan.FromSeconds(30), output, synchronized, TimeProvider.System, ct);

        return new Importing(exit, output.ToString(), errors.ToString());
    }

    /// <summary>The report's first table: taken, already, left out.</summary>
    public (int Taken, int Already, int LeftOut) Of(string kind)
    {
        var line = Report.Split('\n').First(line => line.StartsWith(kind + " ", StringComparison.Ordinal));
        var numbers = line[kind.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();

        return (numbers[0], numbers[1], numbers[2]);
    }
}
