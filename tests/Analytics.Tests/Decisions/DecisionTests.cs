using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Activity;
using Community.Analytics.Decisions;
using Community.Analytics.Forecasts;
using Community.Analytics.Ingestion;
using Community.Analytics.Revenue;
using Community.Analytics.Tests.Activity;
using Community.EventStore;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Decision = Community.Analytics.Decisions.Decision;

namespace Community.Analytics.Tests.Decisions;

public sealed class DecisionRuleTests
{
    private static readonly DateOnly Today = new(2024, 7, 10);

    private static readonly DateTimeOffset Noon = new(2024, 7, 10, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A community of which no rule but the source's has anything to say.</summary>
    private static Evidence Calm { get; } = new(
        Today, new(2023, 1, 1), 100, new Dictionary<string, long> { ["view"] = 50, ["click"] = 10, ["comment"] = 30, ["reply"] = 5, ["share"] = 5 },
        new Past(Period.Month, [.. Enumerable.Repeat(100.0, 12)], [.. Enumerable.Repeat(new Move(20, 0.2), 11)], new(2024, 6, 1), "UTC"),
        [Month(3, 0.2), Month(4, 0.2), Month(5, 0.2), Month(6, 0.2)], 40, 4.2, 60, 2);

    [Theory]
    [InlineData(60, 35, 5, "mostly-reading")]
    [InlineData(30, 60, 5, "mostly-discussing")]
    [InlineData(60, 5, 35, "diverse")]
    [InlineData(30, 30, 5, "diverse")]
    [InlineData(10, 20, 90, "diverse")]
    [InlineData(1, 0, 0, "diverse")]
    public void The_sources_three_rules(int clicks, int comments, int shares, string rule)
    {
        var finding = Assert.Single(DecisionRules.Find(Calm with { Counts = new Dictionary<string, long> { ["view"] = clicks, ["reply"] = comments, ["share"] = shares } }));

        Assert.Equal((rule, 1, false), (finding.Rule, finding.Version, finding.Provisional));
        Assert.Equal(("comments", comments), ("comments", finding.Figures["comments"]));
        Assert.Equal((Today.AddDays(-27), Today), (finding.From, finding.To));
    }

    [Fact]
    public void They_open_at_any_size_marked_below_the_minimum_and_not_where_nothing_was_done()
    {
        Assert.True(Assert.Single(DecisionRules.Find(Calm with { Active = 29 })).Provisional);
        Assert.True(Assert.Single(DecisionRules.Find(Calm with { FirstDay = Today.AddDays(-26) })).Provisional);
        Assert.False(Assert.Single(DecisionRules.Find(Calm with { Active = 30, FirstDay = Today.AddDays(-27) })).Provisional);
        Assert.Empty(DecisionRules.Find(Calm with { Counts = new Dictionary<string, long> { ["vote"] = 3 } }));
    }

    [Fact]
    public void Churn_above_the_forecast()
    {
        var fallen = Calm.Months with { Active = [.. Enumerable.Repeat(100.0, 11), 60], Moves = [.. Enumerable.Repeat(new Move(20, 0.2), 10), new Move(10, 0.5)] };
        Assert.Equal("churn-above-forecast", Other(Calm with { Months = fallen })?.Rule);
        // In a community that has always fluctuated like that it is none, nor in one of fewer than thirty, nor in one too young.
        Assert.Null(Other(Calm with { Months = fallen with { Moves = [.. Enumerable.Repeat(new[] { new Move(10, 0.6), new Move(70, 0.2) }, 5).SelectMany(m => m), new Move(10, 0.5)] } }));
        Assert.Null(Other(Calm with { Months = fallen with { Active = [.. Enumerable.Repeat(29.0, 11), 10] } }));
        Assert.Null(Other(Calm with { Months = fallen with { Active = [100, 100, 60], Moves = [new(20, 0.2), new(10, 0.5)] } }));
    }

    [Fact]
    public void Falling_stickiness()
    {
        Assert.Equal("falling-stickiness", Other(Calm with { Stickiness = [Month(3, 0.2), Month(4, 0.2), Month(5, 0.2), Month(6, 0.15)] })?.Rule);
        Assert.Null(Other(Calm with { Stickiness = [Month(3, 0.2), Month(4, 0.2), Month(5, 0.2), Month(6, 0.161)] }));
        Assert.Null(Other(Calm with { Stickiness = [Month(3, 0.2), Month(4, 0.2), Month(5, 0.2, 29), Month(6, 0.1)] }));
        Assert.Null(Other(Calm with { Stickiness = [] }));
    }

    [Fact]
    public void Quality_below_the_bar()
    {
        Assert.Equal("quality-below-bar", Other(Calm with { MeanRating = 3.49 })?.Rule);
        Assert.Null(Other(Calm with { MeanRating = 3.5 }));
        Assert.Null(Other(Calm with { MeanRating = 1, Ratings = 29 }));
    }

    [Fact]
    public void Members_about_to_leave()
    {
        Assert.Equal("members-about-to-leave", Other(Calm with { Silent = 6 })?.Rule);
        Assert.Null(Other(Calm with { Silent = 5 }));
        Assert.Null(Other(Calm with { Regulars = 29, Silent = 29 }));
    }

    [Theory]
    [InlineData(true, 1000, 980, 950, 900)]
    [InlineData(false, 1000, 980, 950, 901)] // less than a tenth
    [InlineData(false, 1000, 1000, 900, 800)] // two months only
    [InlineData(false, 1000, 700, 710, 600)] // with a better one in between
    public void A_plan_that_loses_money(bool fires, long first, long second, long third, long last)
    {
        var plan = new PlanTrend(new Guid(7, 0, 0, new byte[8]), "CNY", [first, second, third, last], 30);
        var finding = Other(Calm with { Plans = [plan with { PlanId = Guid.Empty, Mrr = [5, 5, 5, 5] }, plan] });
        Assert.Equal(fires ? ("plan-losing-money", (Guid?)plan.PlanId) : default, (finding?.Rule, finding?.SubjectId));
        Assert.Null(Other(Calm with { Plans = [plan with { Payers = 29 }] }));
    }

    [Fact]
    public void A_decision_is_opened_once_resolved_once_and_measured_once()
    {
        var opened = DecisionRules.Find(Calm)[0].Opened(Noon);
        var resolved = new DecisionResolved(DecisionAction.Applied, null, Guid.Empty, Noon);
        var measured = Outcomes.Of("active-again", new(10, 40), new(30, 40), (40, 40), Noon.AddDays(29));
        var resolve = new ResolveDecision(DecisionAction.Dismissed, null, Guid.Empty, Noon);

        Spec.For(Decision.Decider).When(new OpenDecision(opened)).Then(opened);
        Spec.For(Decision.Decider).Given(opened).When(new OpenDecision(opened)).ThenNothing();
        Spec.For(Decision.Decider).When(resolve).ThenRejected("not-found");
        Spec.For(Decision.Decider).Given(opened, resolved).When(resolve).ThenRejected("decision-resolved");
        Spec.For(Decision.Decider).Given(opened, new DecisionLapsed(Noon)).When(resolve).ThenRejected("decision-lapsed");
        Spec.For(Decision.Decider).Given(opened, resolved).When(new LapseDecision(Noon)).ThenNothing();
        Spec.For(Decision.Decider).Given(opened).When(new MeasureDecision(measured)).ThenNothing();
        Spec.For(Decision.Decider).Given(opened, resolved).When(new MeasureDecision(measured)).Then(measured);
        Spec.For(Decision.Decider).Given(opened, resolved, measured).When(new MeasureDecision(measured)).ThenNothing();
    }

    [Fact]
    public void An_outcome_has_an_interval_from_thirty_members_on_and_tells_what_fell_meanwhile()
    {
        // By hand: (31/42, 11/42), the difference 20/42, its deviation sqrt(2 · 31·11/42³).
        var outcome = Outcomes.Of("active-again", new(10, 40), new(30, 40), (100, 89), Noon);
        Assert.Equal(0.5, outcome.Difference!.Value, 9);
        var margin = 1.95996398 * Math.Sqrt(2 * 31 * 11 / Math.Pow(42, 3));
        Assert.Equal((20 / 42.0) - margin, outcome.Low!.Value, 6);
        Assert.Equal((20 / 42.0) + margin, outcome.High!.Value, 6);
        Assert.False(Assert.Single(outcome.Guardrails).Held);
        Assert.True(Assert.Single(Outcomes.Of("active-again", new(1, 40), new(1, 40), (100, 90), Noon).Guardrails).Held);
        Assert.Null(Outcomes.Of("active-again", new(10, 29), new(30, 40), (100, 100), Noon).Difference);
    }

    private static Finding? Other(Evidence evidence) => DecisionRules.Find(evidence).SingleOrDefault(finding => finding.Family != DecisionRules.Engagement);

    private static StickinessMonth Month(int month, double stickiness, long mau = 100) => new(new(2024, month, 1), stickiness * mau, mau, stickiness, true);
}

/// <summary>A year of a community, told day by day, and what the rules say in it.</summary>
public sealed class ScriptedHistoryTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly DateTimeOffset Start = new(2024, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_fires_is_applied_and_its_outcome_is_measured_and_another_fires_when_members_fall_silent()
    {
        var decisions = analytics.Host.Services.GetRequiredService<DecisionMaker>();
        var store = analytics.Host.Services.GetRequiredService<IDocumentStore>();
        using var client = analytics.Operator;
        // A hundred read twice a week from January to April; a fifth of them comment, and half of them from March on.
        await FigureTests.Tell(analytics, [
            .. from day in Enumerable.Range(0, 120)
               where day % 7 is 1 or 4
               from member in Enumerable.Range(0, 100)
               from kind in day % 7 == 1 && (member < 20 || (day >= 61 && member < 50)) ? new[] { ActivityKinds.View, ActivityKinds.Comment } : [ActivityKinds.View]
               select new ActivityRecorded(FigureTests.Member(member), kind, null, Start.AddDays(day))]);

        // After five days it is too early to be sure.
        await decisions.Run(Start.AddDays(5), Ct);
        var early = Assert.Single(await Open());
        Assert.Equal(("mostly-reading", true), (Text(early, "rule"), early.GetProperty("provisional").GetBoolean()));
        Assert.Equal((200, 20, 0, 100), (Figure(early, "clicks"), Figure(early, "comments"), Figure(early, "shares"), Figure(early, "active")));

        // Nothing new a day later; after four weeks it is sure, and the first one gives way.
        await decisions.Run(Start.AddDays(6), Ct);
        Assert.Equal(Text(early, "decisionId"), Text(Assert.Single(await Open()), "decisionId"));
        await decisions.Run(Start.AddDays(28), Ct);
        var sure = Assert.Single(await Open());
        Assert.Equal(("mostly-reading", false, "raise-incentives-for-comments-and-shares"), (Text(sure, "rule"), sure.GetProperty("provisional").GetBoolean(), Text(sure, "suggestion")));
        Assert.Equal(["comment", "share"], sure.GetProperty("draft").EnumerateArray().Select(draft => Text(draft, "activity")));
        Assert.True((await Get(early)).GetProperty("lapsed").GetBoolean());

        // Applied on the first of March; four weeks later it is known what came of it, and not a day before.
        var applied = Start.AddDays(60);
        await store.Handle(Decision.Decider, sure.GetProperty("decisionId").GetGuid(), new ResolveDecision(DecisionAction.Applied, null, AnalyticsHost.NewId(), applied), Ct);
        await decisions.Run(applied.AddDays(28), Ct);
        Assert.Equal(JsonValueKind.Null, (await Get(sure)).GetProperty("outcome").ValueKind);
        await decisions.Run(applied.AddDays(29), Ct);
        var outcome = (await Get(sure)).GetProperty("outcome");
        Assert.Equal("commented-or-shared", Text(outcome, "metric"));
        Assert.Equal((20, 100, 50, 100), (Number(outcome, "before", "members"), Number(outcome, "before", "of"), Number(outcome, "after", "members"), Number(outcome, "after", "of")));
        Assert.Equal(0.3, outcome.GetProperty("difference").GetDouble(), 9);
        Assert.True(outcome.GetProperty("low").GetDouble() > 0);
        Assert.True(Assert.Single(outcome.GetProperty("guardrails").EnumerateArray()).GetProperty("held").GetBoolean());

        // They go on until the end of April. In the first week of May nobody is missed yet; in its third week all are.
        await decisions.Run(Start.AddDays(126), Ct);
        Assert.DoesNotContain(await Open(), decision => Text(decision, "rule") == "members-about-to-leave");
        await decisions.Run(Start.AddDays(140), Ct);
        var leaving = Assert.Single(await Open(), decision => Text(decision, "rule") == "members-about-to-leave");
        Assert.Equal((100, 100), (Figure(leaving, "regulars"), Figure(leaving, "silent")));
        var behind = await client.GetFromJsonAsync<JsonElement>($"/members?figure=leaving&limit=100&start={Start.AddDays(140):yyyy-MM-dd}", Ct);
        Assert.Equal(100, behind.GetProperty("items").GetArrayLength());

        // By HTTP: once, and the second one names the first.
        var path = $"/decisions/{Text(leaving, "decisionId")}/resolution";
        using var first = await client.PostAsJsonAsync(path, new { action = "dismissed", note = "  Holidays.  " }, Ct);
        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        using var second = await client.PostAsJsonAsync(path, new { action = "applied" }, Ct);
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        var problem = await second.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal("urn:community:decision-resolved", Text(problem, "type"));
        Assert.StartsWith("It was dismissed at ", Text(problem, "detail"), StringComparison.Ordinal);
        Assert.Equal(("dismissed", "Holidays."), (Text((await Get(leaving)).GetProperty("resolution"), "action"), Text((await Get(leaving)).GetProperty("resolution"), "note")));
        // The note stands in the log only sealed.
        Assert.Equal(0, await analytics.Scalar<long>("select count(*) from mt_events where data::text like '%Holidays%'"));
        var history = await client.GetFromJsonAsync<JsonElement>($"/decisions/{Text(leaving, "decisionId")}/history", Ct);
        Assert.Equal(["decision-opened.v1", "decision-resolved.v1"], history.GetProperty("items").EnumerateArray().Select(item => Text(item, "type")));

        foreach (var (bad, status) in new[] { ("""{"action":"ignored"}""", 400), ("{}", 400), ($$"""{"action":"applied","note":"{{new string('x', 1_001)}}"}""", 400) })
        {
            using var content = new StringContent(bad, System.Text.Encoding.UTF8, "application/json");
            Assert.Equal(status, (int)(await client.PostAsync(path, content, Ct)).StatusCode);
        }

        using var missing = await client.PostAsJsonAsync($"/decisions/{AnalyticsHost.NewId()}/resolution", new { action = "applied" }, Ct);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);

        // Pages without a gap or a repeat.
        var all = new List<string?>();

        for (string? after = null; ;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/decisions?limit=1{(after is null ? "" : $"&after={after}")}", Ct);
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(item => Text(item, "decisionId")));

            if ((after = Text(page, "next")) is null)
            {
                break;
            }
        }

        Assert.Equal(all.Count, all.Distinct().Count());
        Assert.Equal(await analytics.Scalar<long>("select count(*) from mt_events where type = 'decision-opened.v1'"), all.Count);

        async Task<List<JsonElement>> Open() =>
            [.. (await client.GetFromJsonAsync<JsonElement>("/decisions?open=true", Ct)).GetProperty("items").EnumerateArray()];

        Task<JsonElement> Get(JsonElement decision) => client.GetFromJsonAsync<JsonElement>($"/decisions/{Text(decision, "decisionId")}", Ct);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static double Figure(JsonElement decision, string name) => decision.GetProperty("figures").GetProperty(name).GetDouble();

    private static long Number(JsonElement element, string part, string name) => element.GetProperty(part).GetProperty(name).GetInt64();
}
