namespace Community.Importer;

internal static class Import
{
    /// <summary>The endpoints' limit.</summary>
    public const int LargestBatch = 500;

    private const int HeaviestBatch = 1_000_000;
    private const int InFlight = 4;

    /// <returns>The exit code: 0 when everything was taken or its absence explained, 1 when the import failed, 130 when it was interrupted.</returns>
    public static async Task<int> Run(
        Func<Report, CancellationToken, IReadOnlyList<Consignment>> survey, Uri to, string token, TimeSpan patience,
        TextWriter output, TextWriter errors, TimeProvider clock, CancellationToken ct)
    {
        var report = new Report();

        try
        {
            var consignments = survey(report, ct);

            await Meter.Show(errors, clock, async meter =>
            {
                using var destination = await Destination.Find(to, token, patience, meter.Say, ct);
                report.Destination = destination.Name;

                foreach (var consignment in consignments)
                    await Send(consignment, destination, report, meter, ct);
            });

            report.Write(output);
            return 0;
        }
        catch (ImportFailedException failure)
        {
            report.Write(output, failure.Message);
            await errors.WriteLineAsync(failure.Message);
            return 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            report.Write(output, "Interrupted.");
            return 130;
        }
    }

    private static async Task Send(Consignment consignment, Destination destination, Report report, Meter meter, CancellationToken ct)
    {
        var kind = consignment.Kind;
        meter.Begin(kind.Name, consignment.Expected);

        // Within one kind no order matters; between kinds the loop above waits.
        var limits = new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = ct };
        await Parallel.ForEachAsync(Batches(consignment.Facts), limits, async (batch, ct) =>
        {
            var (taken, already, refused) = await destination.Take(kind, batch, ct);
            report.Answered(kind, taken, already);
            foreach (var (fact, code, detail) in refused)
                report.LeftOut(kind.Name, $"refused by {kind.Service}: {code}", fact.From, $"{detail} ({fact.Id})");

            meter.Advance(batch.Count);
        });

        meter.End();
    }

    internal static IEnumerable<IReadOnlyList<Fact>> Batches(IEnumerable<Fact> facts)
    {
        var (batch, weight) = (new List<Fact>(), 0L);
        foreach (var fact in facts)
        {
            if (batch.Count == LargestBatch || (batch.Count > 0 && weight + fact.Weight > HeaviestBatch))
            {
                yield return batch;
                (batch, weight) = ([], 0);
            }

            batch.Add(fact);
            weight += fact.Weight;
        }

        if (batch.Count > 0)
            yield return batch;
    }
}
