using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Membership.Contracts;
using Community.Payments.Contracts;
using Community.Testing;

namespace Community.Analytics.Tests.Revenue;

public sealed class RevenueTests
{
    private static readonly TimeSpan Shanghai = TimeSpan.FromHours(8);
    private static readonly DateTimeOffset NewYear = new(2024, 1, 1, 0, 0, 0, Shanghai);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_moves_one_member_after_the_other()
    {
        await using var analytics = await Start("UTC");
        var (anna, ben, other) = (new Lived("CNY"), new Lived("CNY"), new Lived("USD"));
        anna.Tell(Day(1, 5), 0, Kind.Started); // a trial
        anna.Tell(Day(1, 19), 1_000, Kind.Renewed);
        ben.Tell(Day(1, 31), 3_000, Kind.Started);
        anna.Tell(Day(2, 3), 3_000, Kind.Changed);
        anna.Tell(Day(3, 3), 3_000, Kind.PastDue);
        anna.Tell(Day(3, 17), 0, Kind.Ended);
        ben.Tell(Day(4, 1), 0, Kind.Paused);
        ben.Tell(Day(5, 1), 3_000, Kind.Resumed);
        ben.Tell(Day(5, 31), 1_001, Kind.Changed);
        // Another subscription of a member in the place of the one before is no churn.
        var instead = new Lived("CNY", ben.Member);
        instead.Tell(Day(6, 2), 2_000, Kind.Started);
        ben.Tell(Day(6, 2), 0, Kind.Ended);
        other.Tell(Day(6, 9), 700, Kind.Started);
        await Tell(analytics, [anna, ben, instead, other]);

        var answer = await Revenue(analytics, "?to=2024-07-14");
        Assert.Equal(
            """
            CNY 2024-01-01 mrr=4000 new=4000 expansion=0 contraction=0 churn=0 reactivation=0 paying=2 churned=0 arpu=2000 ltv= whole
            CNY 2024-02-01 mrr=6000 new=0 expansion=2000 contraction=0 churn=0 reactivation=0 paying=2 churned=0 arpu=3000 ltv= whole
            CNY 2024-03-01 mrr=3000 new=0 expansion=0 contraction=0 churn=3000 reactivation=0 paying=1 churned=1 arpu=3000 ltv=12000 whole
            CNY 2024-04-01 mrr=0 new=0 expansion=0 contraction=0 churn=3000 reactivation=0 paying=0 churned=1 arpu= ltv= whole
            CNY 2024-05-01 mrr=1001 new=0 expansion=0 contraction=1999 churn=0 reactivation=3000 paying=1 churned=0 arpu=1001 ltv=2002 whole
            CNY 2024-06-01 mrr=2000 new=0 expansion=999 contraction=0 churn=0 reactivation=0 paying=1 churned=0 arpu=2000 ltv=5333 whole
            CNY 2024-07-01 mrr=2000 new=0 expansion=0 contraction=0 churn=0 reactivation=0 paying=1 churned=0 arpu=2000 ltv=5333 part
            USD 2024-06-01 mrr=700 new=700 expansion=0 contraction=0 churn=0 reactivation=0 paying=1 churned=0 arpu=700 ltv= whole
            USD 2024-07-01 mrr=700 new=0 expansion=0 contraction=0 churn=0 reactivation=0 paying=1 churned=0 arpu=700 ltv= part
            """.ReplaceLineEndings("\n"), string.Join('\n', Lines(answer)));
        Assert.Equal(Lines(answer).Where(line => line.Contains("-06-01 ", StringComparison.Ordinal) || line.Contains("-07-01 ", StringComparison.Ordinal)),
            Lines(await Revenue(analytics, "?from=2024-06-30&to=2024-07-14")));
        // To this day without holes, though nothing moves any more.
        var months = Lines(await Revenue(analytics, "")).Where(line => line.StartsWith("USD", StringComparison.Ordinal)).ToList();
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(((now.Year - 2024) * 12) + now.Month - 6 + 1, months.Count);
        Assert.EndsWith(" part", months[^1], StringComparison.Ordinal);
        Assert.All(months, line => Assert.Contains("mrr=700 ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_year_of_a_thousand_subscriptions_moves_as_a_second_computation_says()
    {
        await using var analytics = await Start("Asia/Shanghai");
        var seed = RandomInput.Seed();
        var random = new Random(seed);
        var lives = new List<Lived>();

        while (lives.Count < 1_000)
        {
            // Some have another before, or at the same time.
            var life = new Lived(random.Next(10) == 0 ? "USD" : "CNY", lives.Count > 0 && random.Next(4) == 0 ? lives[random.Next(lives.Count)].Member : null);
            life.Live(random);
            lives.Add(life);
        }

        await Tell(analytics, lives, random);
        var answer = await Revenue(analytics, "?to=2024-12-31");

        Assert.Equal(Expected(lives), Lines(answer));
    }

    /// <summary>The two worked examples: $12,500 a month, and a member worth $2,000.</summary>
    [Fact]
    public async Task A_hundred_at_100_a_month_and_fifty_at_600_a_year_and_one_in_twenty_leaving()
    {
        await using var analytics = await Start("UTC");
        var months = Enumerable.Range(0, 100).Select(_ => new Lived("USD")).ToList();
        var years = Enumerable.Range(0, 50).Select(_ => new Lived("USD")).ToList();
        months.ForEach(life => life.Tell(Day(1, 5), 100_00, Kind.Started));
        years.ForEach(life => life.Tell(Day(1, 6), 600_00 / 12, Kind.Started));
        // Of a hundred who pay 100 each in another currency, five leave in each of six months, and five others come.
        var euros = Enumerable.Range(0, 130).Select(_ => new Lived("EUR")).ToList();

        foreach (var (life, i) in euros.Select((life, i) => (life, i)))
        {
            life.Tell(Day(Math.Max(1, (i / 5) - 18), 10), 100_00, Kind.Started);

            if (i < 30)
            {
                life.Tell(Day(2 + (i / 5), 20), 0, Kind.Ended);
            }
        }

        await Tell(analytics, [.. months, .. years, .. euros]);
        var lines = Lines(await Revenue(analytics, "?to=2024-07-31")).ToList();

        Assert.Contains("USD 2024-01-01 mrr=1250000 new=1250000 ", lines.Single(line => line.StartsWith("USD 2024-01-01", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(" mrr=1250000 ", lines.Single(line => line.StartsWith("USD 2024-07-01", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(
            "EUR 2024-07-01 mrr=1000000 new=50000 expansion=0 contraction=0 churn=50000 reactivation=0 paying=100 churned=5 arpu=10000 ltv=200000 whole",
            lines.Single(line => line.StartsWith("EUR 2024-07-01", StringComparison.Ordinal)));

        // Who has paid longer stays longer; the fit of the months is told with what a member is still worth.
        using var client = analytics.Operator;
        var survival = await client.GetFromJsonAsync<JsonElement>("/survival", Ct);
        var january = survival.GetProperty("cohorts").EnumerateArray().First();
        Assert.Equal([250, 245, 240, 235, 230, 225, 220], january.GetProperty("counts").EnumerateArray().Take(7).Select(n => n.GetInt64()));
        Assert.True(survival.GetProperty("alpha").GetDouble() > 0);
        Assert.Equal(25, survival.GetProperty("residual").GetArrayLength());
    }

    [Fact]
    public async Task Nobody_pays_and_bad_ranges()
    {
        await using var analytics = await Start("Asia/Shanghai");
        Assert.Equal("""{"currencies":[],"timeZone":"Asia/Shanghai"}""", (await Revenue(analytics, "")).GetRawText());
        using var client = analytics.Operator;

        foreach (var bad in new[] { "?from=2024-02-30", "?to=yesterday", "?from=2024-02-01&to=2024-01-31" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync($"/revenue{bad}", Ct)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/revenue?from=0001-01-01&to=9999-12-31", Ct)).StatusCode);
    }

    private enum Kind { Started, Renewed, Changed, PastDue, Paused, Resumed, Ended }

    private sealed class Lived(string currency, Guid? member = null)
    {
        private readonly Guid _id = AnalyticsHost.NewId();

        public string Currency { get; } = currency;

        public Guid Member { get; } = member ?? AnalyticsHost.NewId();

        public List<(DateTimeOffset At, long Amount, object Fact)> Told { get; } = [];

        public long AmountAt(DateTimeOffset at) => Told.LastOrDefault(told => told.At <= at).Amount;

        public void Tell(DateTimeOffset at, long amount, Kind kind)
        {
            var version = Told.Count + 1;
            object fact = kind switch
            {
                Kind.Started => new SubscriptionStarted(_id, Member, _id, "gold", amount == 0 ? "trial" : "paid", amount, Currency, at.AddMonths(1), version, at),
                Kind.Renewed => new SubscriptionRenewed(_id, Member, _id, "gold", amount, Currency, at.AddMonths(1), version, at),
                Kind.Changed => new SubscriptionChanged(_id, Member, _id, "gold", "silver", amount, Currency, at.AddMonths(1), version, at),
                Kind.PastDue => new SubscriptionPastDue(_id, Member, "gold", _id, 1, at.AddDays(1), amount, Currency, version, at),
                Kind.Paused => new SubscriptionPaused(_id, Member, "gold", version, at),
                Kind.Resumed => new SubscriptionResumed(_id, Member, "gold", amount, Currency, at.AddMonths(1), version, at),
                _ => new SubscriptionEnded(_id, Member, _id, "gold", "cancelled", version, at)
            };
            Told.Add((at, amount, fact));
        }

        public void Live(Random random)
        {
            var at = NewYear.AddMinutes(random.Next(360 * 1440));
            var amount = random.Next(1, 5) * 990L;
            var paused = false;
            Tell(at, random.Next(4) == 0 ? 0 : amount, Kind.Started);

            while ((at = at.AddMinutes(random.Next(1, 60 * 1440))) < NewYear.AddYears(1))
            {
                if (paused)
                {
                    Tell(at, amount, Kind.Resumed);
                    paused = false;
                    continue;
                }

                switch (random.Next(10))
                {
                    case < 4:
                        Tell(at, amount, Kind.Renewed);
                        break;
                    case < 6:
                        Tell(at, amount = random.Next(1, 9) * 990L, Kind.Changed);
                        break;
                    case 6:
                        Tell(at, amount, Kind.PastDue);
                        break;
                    case 7:
                        Tell(at, 0, Kind.Paused);
                        paused = true;
                        break;
                    case 8:
                        Tell(at, 0, Kind.Ended);
                        return;
                }
            }
        }
    }

    // What a member is worth is looked up in the lives, at each instant and at each month's edge.
    private static IEnumerable<string> Expected(IReadOnlyList<Lived> lives)
    {
        foreach (var currency in new[] { "CNY", "USD" })
        {
            var members = lives.Where(life => life.Currency == currency).GroupBy(life => life.Member).Select(member => member.ToList()).ToList();
            var moves = members.SelectMany(Moves).ToList();
            var churn = new List<double>();
            var first = moves.Min(move => Month(move.At));

            for (var month = first; month <= 12; month++)
            {
                var (start, end) = (NewYear.AddMonths(month - 1).AddTicks(-1), NewYear.AddMonths(month).AddTicks(-1));
                var (paid, pay) = (members.Where(m => Worth(m, start) > 0).ToList(), members.Where(m => Worth(m, end) > 0).ToList());
                long Sum(string kind) => moves.Where(move => Month(move.At) == month && move.Kind == kind).Sum(move => move.Amount);
                var gone = paid.Except(pay).Count();

                if (paid.Count > 0)
                {
                    churn.Add((double)gone / paid.Count);
                }

                var mrr = pay.Sum(m => Worth(m, end));
                var mean = churn.Count == 0 ? 0 : churn.TakeLast(6).Average();
                var (arpu, ltv) = (pay.Count == 0 ? "" : $"{Math.Round((double)mrr / pay.Count):F0}", pay.Count == 0 || mean == 0 ? "" : $"{Math.Round(mrr / (pay.Count * mean)):F0}");

                yield return $"{currency} 2024-{month:D2}-01 mrr={mrr} new={Sum("new")} expansion={Sum("expansion")} contraction={Sum("contraction")} churn={Sum("churn")} "
                    + $"reactivation={Sum("reactivation")} paying={pay.Count} churned={gone} arpu={arpu} ltv={ltv} whole";
            }
        }
    }

    private static int Month(DateTimeOffset at) => at.ToOffset(Shanghai).Month;

    private static long Worth(List<Lived> member, DateTimeOffset at) => member.Sum(life => life.AmountAt(at));

    private static IEnumerable<(DateTimeOffset At, string Kind, long Amount)> Moves(List<Lived> member)
    {
        var (before, had) = (0L, false);

        foreach (var at in member.SelectMany(life => life.Told).Select(told => told.At).Distinct().Order())
        {
            var after = Worth(member, at);

            if (after != before)
            {
                yield return (at, before == 0 ? had ? "reactivation" : "new" : after == 0 ? "churn" : after > before ? "expansion" : "contraction", Math.Abs(after - before));
            }

            (before, had) = (after, had || after > 0);
        }
    }

    private static DateTimeOffset Day(int month, int day) => new(2024, month, day, 12, 0, 0, TimeSpan.Zero);

    /// <summary>In any order, and some of it twice.</summary>
    private static async Task Tell(AnalyticsHost analytics, IReadOnlyList<Lived> lives, Random? random = null)
    {
        var messages = lives.SelectMany(life => life.Told).Select(told => (Id: AnalyticsHost.NewId(), told.Fact)).ToArray();
        (random ?? new Random(1)).Shuffle(messages);
        await analytics.Publish(messages.Concat(messages.Take(50)));
        await analytics.Consumed([.. messages.Select(message => message.Id)]);
        await Eventually.True(
            async () => await analytics.Scalar<long>("select count(*) from recurring_revenue") == messages.Length, "all to be in the read model");
    }

    private static async Task<JsonElement> Revenue(AnalyticsHost analytics, string range)
    {
        using var client = analytics.Operator;

        return await client.GetFromJsonAsync<JsonElement>($"/revenue{range}", Ct);
    }

    private static IEnumerable<string> Lines(JsonElement answer) =>
        from currency in answer.GetProperty("currencies").EnumerateArray()
        let name = currency.GetProperty("currency").GetString()
        from month in currency.GetProperty("months").EnumerateArray()
        select $"{name} {month.GetProperty("start").GetString()} "
            + string.Join(' ', new[] { "mrr", "new", "expansion", "contraction", "churn", "reactivation" }.Select(part => $"{part}={Amount(month, part, name)}"))
            + $" paying={month.GetProperty("payingMembers").GetInt64()} churned={month.GetProperty("churnedMembers").GetInt64()}"
            + $" arpu={Amount(month, "arpu", name)} ltv={Amount(month, "ltv", name)} {(month.GetProperty("complete").GetBoolean() ? "whole" : "part")}";

    private static string Amount(JsonElement month, string part, string? currency)
    {
        if (month.GetProperty(part) is not { ValueKind: JsonValueKind.Object } money)
        {
            return "";
        }

        Assert.Equal(currency, money.GetProperty("currency").GetString());

        return money.GetProperty("amount").GetRawText();
    }

    private static async Task<AnalyticsHost> Start(string zone)
    {
        var analytics = new AnalyticsHost();
        await analytics.InitializeAsync();
        await analytics.Publish([(AnalyticsHost.NewId(), new CommunityArranged("Programmers", zone, "CNY", ["zh"], "open", true, 2, NewYear))]);
        await Eventually.True(
            async () => (await Revenue(analytics, "")).GetProperty("timeZone").GetString() == zone, "the zone to be heard");

        return analytics;
    }
}
