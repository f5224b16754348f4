using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Community.Analytics.Activity;
using Community.Analytics.Exports;
using Community.Analytics.Ingestion;
using Community.Web;
using Npgsql;

namespace Community.Analytics.Funnels;

/// <param name="Steps">With commas between them.</param>
/// <param name="From">The first step must fall into the range.</param>
internal sealed record FunnelQuery(
    [property: Description("Two to eight of joining, payment, and the kinds of activity, with commas between them: joining,view,comment,order where not given.")] string? Steps,
    [property: Range(0, 3_650), Description("Days from the first step within which all others must come: 30 where not given.")] int? Window,
    [property: DataType(DataType.Date)] string? From,
    [property: DataType(DataType.Date)] string? To);

/// <param name="Members">Who came so far.</param>
/// <param name="Rate">Of those who took the first step; null where nobody did.</param>
internal sealed record FunnelStep(string Step, long Members, double? Rate);

internal sealed record FunnelAnswer(IReadOnlyList<FunnelStep> Steps, string TimeZone) : ITabular
{
    public Table ToTable() => new(["step", "members", "rate"], Steps.Select(step => (IReadOnlyList<object?>)[step.Step, step.Members, step.Rate]));
}

internal static class FunnelEndpoints
{
    private const int Most = 8;

    private static readonly string[] Starts = ["joining", "payment"];

    public static void MapFunnels(this IEndpointRouteBuilder app) => app.MapGet("/funnel", Funnel).RequireRoles("operator").AnswersCsv()
        .WithTag("Funnels", "How far members come.").WithSummary("How many members take one step after the other; steps of one day count in any order");

    private static async Task<FunnelAnswer> Funnel([AsParameters] FunnelQuery query, NpgsqlDataSource database, CancellationToken ct)
    {
        var steps = (query.Steps ?? "joining,view,comment,order").Split(',', StringSplitOptions.TrimEntries);
        var range = DayRange.Of(query.From, query.To);

        if (steps.Length is < 2 or > Most || steps.FirstOrDefault(step => !Starts.Contains(step) && !ActivityKinds.All.Contains(step)) is not null)
        {
            throw new InvalidParameter("steps", $"must be two to {Most} of {string.Join(", ", [.. Starts, .. ActivityKinds.All])}");
        }

        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var zone = await snapshot.TimeZone(ct);
        var counts = await snapshot.Rows<StepCount>(Sql(steps), new { kinds = steps, window = query.Window ?? 30, zone, range.From, range.To }, ct);

        return new FunnelAnswer([.. steps.Zip(counts, (step, row) => new FunnelStep(step, row.Members, counts[0].Members == 0 ? null : (double)row.Members / counts[0].Members))], zone);
    }

    // A member comes in with the first time ever of the first step, and each next step is the earliest that is not before the
    // last one. The steps themselves are parameters.
    private static string Sql(IReadOnlyList<string> steps)
    {
        var parts = steps.Select((step, i) => i == 0
            ? $"s0 as (select member_id, min(day) as day, min(day) as first from ({Days(step, i)}) d group by member_id having min(day) between @From and @To)"
            : $"""
              s{i} as (select d.member_id, min(d.day) as day, s.first from s{i - 1} s join ({Days(step, i)}) d using (member_id)
                  where d.day between s.day and s.first + @window group by d.member_id, s.first)
              """);

        return $"with {string.Join(", ", parts)} {string.Join(" union all ", steps.Select((_, i) => $"select {i} as n, count(*) as members from s{i}"))} order by n";

        static string Days(string step, int i) => Starts.Contains(step)
            ? $"select member_id, (at at time zone @zone)::date as day from member_starts where kind = (@kinds)[{i + 1}]"
            : $"select member_id, day from member_days where kind = (@kinds)[{i + 1}]";
    }

    private sealed record StepCount(int N, long Members);
}
