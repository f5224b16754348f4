using System.Net.Http.Json;
using System.Text.Json;
using Community.Analytics.Decisions;
using Community.Analytics.Ingestion;
using Community.Analytics.Tests.Activity;
using Community.EventStore;
using Community.Payments.Contracts;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Decision = Community.Analytics.Decisions.Decision;

namespace Community.Analytics.Tests.Decisions;

/// <summary>
/// Eleven months of one community. On each day that is looked at exactly these rules speak, so that each of them is seen to
/// fire and, on every other day, not to.
/// </summary>
public sealed class RulesInOneHistoryTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static readonly Guid Plan = new(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly Guid SmallPlan = new(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 2]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_rule_fires_when_it_should_and_on_no_other_day_and_its_outcome_is_computed()
    {
        var decisions = analytics.Host.Services.GetRequiredService<DecisionMaker>();
        await TellSubscriptions();
        await FigureTests.Tell(analytics, [.. Activities()]);
        var store = analytics.Host.Services.GetRequiredService<IDocumentStore>();
        await store.Handle(ActivityLog.Decider, ActivityLog.Batch(AnalyticsHost.NewId()), new RecordHeard([.. Ratings()]), Ct);
        await Eventually.True(async () => await analytics.Scalar<long>("select count(*) from content_ratings") == 120, "the ratings");
        var opened = new Dictionary<string, JsonElement>();

        await Look(Day(2, 15), "mostly-reading");
        await Look(Day(3, 31)); // ratings are good
        await Look(Day(5, 2)); // the plan has lost in two months only
        await Look(Day(5, 31), "quality-below-bar");
        await Apply("quality-below-bar", Day(5, 31));
        await Look(Day(6, 2), "plan-losing-money"); // the small plan has lost more, and has too few members
        await Apply("plan-losing-money", Day(6, 2));
        await Look(Day(7, 31), "mostly-discussing"); // the plan holds again
        await Look(Day(9, 2)); // a hundred were active in August
        await Look(Day(9, 23), "diverse", "members-about-to-leave");
        await Look(Day(10, 2), "churn-above-forecast");
        await Apply("churn-above-forecast", Day(10, 2));
        await Look(Day(11, 2), "falling-stickiness");

        Assert.Equal((2.0, 40), (Figure("quality-below-bar", "rating"), Figure("quality-below-bar", "ratings")));
        Assert.Equal((34_000, 40_000, 40), (Figure("plan-losing-money", "mrr"), Figure("plan-losing-money", "mrrBefore"), Figure("plan-losing-money", "payers")));
        Assert.Equal(Plan, opened["plan-losing-money"].GetProperty("subjectId").GetGuid());
        Assert.Equal("CNY", opened["plan-losing-money"].GetProperty("currency").GetString());
        Assert.Equal((100, 50), (Figure("members-about-to-leave", "regulars"), Figure("members-about-to-leave", "silent")));
        Assert.Equal((50, 100), (Figure("churn-above-forecast", "active"), Figure("churn-above-forecast", "activeBefore")));
        Assert.Equal(1 / 31.0, Figure("falling-stickiness", "stickiness"), 9);

        Assert.Equal("rated-four-or-better 0/40 40/40 1.000 held", await Outcome("quality-below-bar"));
        Assert.Equal("still-paying 34/36 34/34 0.056 held", await Outcome("plan-losing-money"));
        Assert.Equal("active-again 50/100 50/50 0.500 held", await Outcome("churn-above-forecast"));

        async Task Look(DateTimeOffset day, params string[] rules)
        {
            await decisions.Run(day, Ct);
            var found = (await All()).Where(decision => decision.GetProperty("openedAt").GetDateTimeOffset() == day).ToList();
            Assert.Equal(rules.Prepend($"{day:MM-dd}"), found.Select(decision => decision.GetProperty("rule").GetString()!).Order(StringComparer.Ordinal).Prepend($"{day:MM-dd}"));
            Assert.All(found, decision => Assert.False(decision.GetProperty("provisional").GetBoolean()));

            foreach (var decision in found)
            {
                opened[decision.GetProperty("rule").GetString()!] = decision;
            }
        }

        Task Apply(string rule, DateTimeOffset day) => store.Handle(
            Decision.Decider, opened[rule].GetProperty("decisionId").GetGuid(), new ResolveDecision(DecisionAction.Applied, null, AnalyticsHost.NewId(), day), Ct);

        double Figure(string rule, string name) => opened[rule].GetProperty("figures").GetProperty(name).GetDouble();

        async Task<string> Outcome(string rule)
        {
            using var client = analytics.Operator;
            var outcome = (await client.GetFromJsonAsync<JsonElement>($"/decisions/{opened[rule].GetProperty("decisionId").GetGuid()}", Ct)).GetProperty("outcome");
            var (low, difference, high) = (outcome.GetProperty("low").GetDouble(), outcome.GetProperty("difference").GetDouble(), outcome.GetProperty("high").GetDouble());
            Assert.True(low < high);

            return FormattableString.Invariant(
                $"{outcome.GetProperty("metric").GetString()} {Share("before")} {Share("after")} {difference:F3} {(Assert.Single(outcome.GetProperty("guardrails").EnumerateArray()).GetProperty("held").GetBoolean() ? "held" : "broken")}");

            string Share(string side) => $"{outcome.GetProperty(side).GetProperty("members").GetInt64()}/{outcome.GetProperty(side).GetProperty("of").GetInt64()}";
        }
    }

    /// <summary>A hundred twice a week until August, half of them in September, and those once in October. First they read, then discuss, then share.</summary>
    private static IEnumerable<ActivityRecorded> Activities() =>
        from day in Enumerable.Range(0, 274).Select(n => Day(1, 1).AddDays(n)).Append(Day(10, 10))
        where day.DayOfWeek is DayOfWeek.Tuesday or DayOfWeek.Friday || day.Month == 10
        where day.Month < 10 || day.Day == 10
        from member in Enumerable.Range(0, day.Month < 9 ? 100 : 50)
        from kind in day.Month switch
        {
            < 7 => member < 20 ? new[] { ActivityKinds.View, ActivityKinds.Comment } : [ActivityKinds.View],
            < 9 => member < 20 ? [ActivityKinds.View, ActivityKinds.Reply] : [ActivityKinds.Comment],
            _ => member < 20 ? [ActivityKinds.View, ActivityKinds.Share] : [ActivityKinds.Share]
        }
        select new ActivityRecorded(FigureTests.Member(member), kind, null, day);

    /// <summary>Good ones in March, bad ones in May, and the best in June.</summary>
    private static IEnumerable<RatingRecorded> Ratings() =>
        from told in new[] { (At: Day(3, 10), Rating: 4), (At: Day(5, 20), Rating: 2), (At: Day(6, 10), Rating: 5) }
        from member in Enumerable.Range(0, 40)
        select new RatingRecorded(new Guid(told.At.Month, 0, 0, new byte[8]), FigureTests.Member(member), told.Rating, told.At);

    /// <summary>Of forty members two leave in each month from March to May, and so of twenty.</summary>
    private async Task TellSubscriptions()
    {
        var messages = new List<(Guid Id, object Fact)>();

        foreach (var (plan, size) in new[] { (Plan, 40), (SmallPlan, 20) })
        {
            foreach (var n in Enumerable.Range(0, size))
            {
                var (id, member) = (AnalyticsHost.NewId(), FigureTests.Member(n));
                messages.Add((AnalyticsHost.NewId(), new SubscriptionStarted(id, member, plan, "gold", "paid", 1_000, "CNY", null, 1, Day(1, 5))));

                if (n < 6)
                {
                    // Who leaves the one plan has left the other before.
                    messages.Add((AnalyticsHost.NewId(), new SubscriptionEnded(id, member, plan, "gold", "cancelled", 2, Day(3 + (n / 2), plan == Plan ? 15 : 10))));
                }
            }
        }

        await analytics.Publish(messages);
        await Eventually.True(async () => await analytics.Scalar<long>("select count(*) from recurring_revenue") == messages.Count, "the subscriptions");
    }

    private async Task<List<JsonElement>> All()
    {
        using var client = analytics.Operator;

        return [.. (await client.GetFromJsonAsync<JsonElement>("/decisions?limit=100", Ct)).GetProperty("items").EnumerateArray()];
    }

    private static DateTimeOffset Day(int month, int day) => new(2024, month, day, 12, 0, 0, TimeSpan.Zero);
}
