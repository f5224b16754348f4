using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Community.Portal.Tests;

/// <summary>What analytics answers, in the shapes of docs/openapi.</summary>
internal sealed partial class Neighbours
{
    public static readonly Guid Decision = new("01900000-0000-7000-8000-000000000009");

    /// <summary>The query of the last table that was asked for as CSV.</summary>
    public string? Table { get; private set; }

    private void MapAnalytics(WebApplication server)
    {
        server.MapGet("/lifecycle", (HttpRequest request) => Csv(request) ?? Results.Json(new
        {
            periods = Enumerable.Range(1, 9).Select(month => new
            {
                start = $"2026-{month:D2}-01",
                @new = 40 - month,
                returning = month == 1 ? 0 : 60,
                resurrecting = month % 3,
                dormant = month == 1 ? 0 : 31,
                complete = month < 9
            }),
            timeZone = "UTC"
        }));
        server.MapGet("/retention", (HttpRequest request) => Csv(request) ?? Results.Json(new
        {
            cohorts = new object[]
            {
                new { start = "2026-01-01", size = 200, active = new[] { 200, 110, 74 }, complete = false },
                new { start = "2026-02-01", size = 29, active = new[] { 29, 13 }, complete = false }
            },
            timeZone = "UTC"
        }));
        server.MapGet("/forecasts/members", () => Results.Json(new
        {
            periods = new[] { new { start = "2026-09-01", expected = 101.5, low = 80.25, high = 120.75 }, new { start = "2026-10-01", expected = 99.0, low = 70.0, high = 125.0 } },
            coverage = new { level = 0.8, covered = (double?)0.75, forecasts = 12 },
            timeZone = "UTC"
        }));
        server.MapGet("/revenue", () => Results.Json(new
        {
            currencies = new[]
            {
                new
                {
                    currency = "CNY",
                    months = new[]
                    {
                        new
                        {
                            start = "2026-09-01", mrr = Money(1_250_000), @new = Money(100_000), expansion = Money(5_000), contraction = Money(2_000), churn = Money(40_000),
                            reactivation = Money(1_000), payingMembers = 150, churnedMembers = 4, arpu = Money(8_333), ltv = (object?)null, complete = false
                        }
                    }
                }
            },
            timeZone = "UTC"
        }));
        server.MapGet("/survival", () => Results.Json(new
        {
            alpha = 0.7,
            beta = 1.2,
            logLikelihood = -10.5,
            cohorts = Array.Empty<object>(),
            expected = new[] { 1, 0.63, 0.47 },
            residual = new[] { new { months = 0, worth = 3.5 }, new { months = 24, worth = 30.25 } },
            timeZone = "UTC"
        }));
        server.MapGet("/funnel", (HttpRequest request) => Csv(request) ?? Results.Json(new
        {
            steps = request.Query["steps"].ToString().Split(',').Select((step, i) => new { step, members = 100 >> i, rate = (double?)(1.0 / (1 << i)) }),
            timeZone = "UTC"
        }));
        server.MapGet("/contents/statistics", () => Page(new
        {
            contentId = Free,
            title = "Dead<locks>",
            topic = "databases",
            format = "article",
            quality = 4,
            publishedAt = Then,
            views = 60,
            readers = 40,
            reads = 10,
            completion = 0.25,
            rating = 4.5,
            ratings = 2,
            comments = 3,
            shares = 1,
            revenue = new[] { Money(9_900) }
        }));
        server.MapPost("/what-if", (HttpRequest request) => Note(request, Results.Json(new
        {
            periods = new[]
            {
                new
                {
                    start = "2026-10-01", asIs = new { expected = 100.0, low = 90.0, high = 110.0 }, changed = new { expected = 130.0, low = 120.0, high = 140.0 },
                    revenue = new { expected = 123_456.0, low = 100_000.0, high = 150_000.0 }
                }
            },
            coverage = new { level = 0.8, covered = (double?)null, forecasts = 0 },
            timeZone = "UTC"
        })));
        server.MapGet("/decisions", (HttpRequest request) => Csv(request) ?? Page(
            OneDecision("mostly-reading", "raise-incentives-for-comments-and-shares", new { clicks = 60, comments = 35, shares = 5, active = 12 }, resolution: null, outcome: null),
            OneDecision("members-about-to-leave", "invite-back", new { regulars = 60, silent = 9 }, new { action = "dismissed", note = "Holidays <b>", by = Paid, at = Then }, new
            {
                metric = "active-again",
                before = new { members = 20, of = 100 },
                after = new { members = 50, of = 100 },
                difference = 0.3,
                low = 0.17,
                high = 0.42,
                guardrails = new[] { new { figure = "active", before = 100, after = 80, held = false } },
                at = Then
            }),
            OneDecision("falling-stickiness", "give-reasons-to-return", new { stickiness = 0.214, before = 0.3, mau = 60 }, new { action = "dismissed", note = (string?)null, by = Paid, at = Then }, outcome: null),
            OneDecision("plan-losing-money", "mend-or-end-the-plan", new { mrr = 123_400, mrrBefore = 150_000, payers = 40 }, new { action = "dismissed", note = (string?)null, by = Paid, at = Then }, outcome: null, "CNY")));
        server.MapPost("/decisions/{id:guid}/resolution", (HttpRequest request) => Note(request, Results.NoContent()));
    }

    private static object OneDecision(string rule, string suggestion, object figures, object? resolution, object? outcome, string? currency = null) => new
    {
        decisionId = Decision,
        rule,
        ruleVersion = 1,
        figures,
        from = "2026-02-01",
        to = "2026-02-28",
        suggestion,
        provisional = resolution is null,
        openedAt = Then,
        lapsed = false,
        draft = resolution is null ? new[] { new { activity = "comment", factor = 2.0 } } : [],
        resolution,
        outcome,
        subjectId = (Guid?)null,
        currency
    };

    private IResult? Csv(HttpRequest request)
    {
        if (request.Headers.Accept != "text/csv")
        {
            return null;
        }

        Table = $"{request.Path}{request.QueryString}";

        return Results.Text("start,size\r\n2026-01-01,200\r\n", "text/csv");
    }
}
