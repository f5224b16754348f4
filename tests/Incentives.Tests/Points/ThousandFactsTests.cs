using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Incentives.Points;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Incentives.Tests.Points;

/// <summary>On a service of its own: it changes the rules.</summary>
public sealed class ThousandFactsTests
{
    private static readonly DateTimeOffset Past = new(2019, 3, 4, 23, 59, 59, TimeSpan.Zero);

    /// <summary>
    /// Over two days and a change of the rules, each fact one to three times, some taken back, in any order. The expected
    /// points are computed here in another way: per member, day, version and kind the cap or the sum, whichever is less.
    /// </summary>
    [Fact]
    public async Task A_thousand_facts_shuffled_repeated_and_taken_back_earn_exactly_what_they_should()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        using var client = incentives.Operator;
        using var adopted = await client.PostAsJsonAsync("/rules", new
        {
            rules = new[]
            {
                new { rule = "comment-posted", activity = "comment", points = 3, dailyCap = (int?)100, coolDownSeconds = (int?)null },
                new { rule = "content-viewed", activity = "view", points = 1, dailyCap = (int?)null, coolDownSeconds = (int?)1 }
            }
        });
        Assert.Equal(HttpStatusCode.Created, adopted.StatusCode);
        var second = await adopted.Content.ReadFromJsonAsync<JsonElement>();
        var since = second.GetProperty("since").GetDateTimeOffset().AddMicroseconds(1);
        var random = new Random(RandomInput.Seed());
        var members = Enumerable.Range(0, 7).Select(_ => IncentivesHost.NewId()).ToList();
        var midnight = new DateTimeOffset(since.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        var facts = Enumerable.Range(0, 1000).Select(i =>
        {
            var at = random.Next(3) switch
            {
                0 => Past.AddMilliseconds(random.Next(-1000, 3000)), // around midnight
                1 => Past.AddHours(-random.Next(20)),
                _ => since.AddTicks(random.NextInt64((midnight - since).Ticks)) // by the second version
            };
            var isView = random.Next(2) == 0;

            return (Id: IncentivesHost.NewId(), Member: members[random.Next(members.Count)], IsView: isView, IsGone: !isView && random.Next(4) == 0, At: at);
        }).ToList();
        var messages = facts
            .Select(fact => (fact.Id, Fact: fact.IsView
                ? (object)new ContentViewed(fact.Id, fact.Member, fact.At)
                : new CommentPosted(fact.Id, "topic", fact.Id, fact.Member, fact.At, Imported: false)))
            .Concat(facts.Where(fact => fact.IsGone).Select(fact => (Id: IncentivesHost.NewId(), Fact: (object)new CommentDeleted(fact.Id, fact.At.AddSeconds(1)))))
            .SelectMany(message => Enumerable.Repeat(message, random.Next(1, 4))).ToArray();
        random.Shuffle(messages);

        foreach (var batch in messages.Chunk(100))
        {
            await Task.WhenAll(batch.Select(message => incentives.Neighbour.Publish(message.Id, message.Fact)));
        }

        await incentives.Consumed([.. messages.Select(message => message.Id).Distinct()]);
        var version = second.GetProperty("version").GetInt32();

        foreach (var member in members)
        {
            var expected = facts.Where(fact => fact.Member == member && !fact.IsGone)
                .GroupBy(fact => (fact.At.UtcDateTime.Date, fact.IsView, New: fact.At >= since))
                .Sum(group => group.Key switch
                {
                    { IsView: true, New: true } => group.Select(fact => (int)fact.At.UtcDateTime.TimeOfDay.TotalSeconds).Distinct().Count(),
                    { IsView: true, New: false } => Math.Min(3, group.Count()),
                    { IsView: false, New: true } => Math.Min(100, group.Count() * 3),
                    { IsView: false, New: false } => Math.Min(5, group.Count())
                });
            Assert.Equal(expected, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        }

        Assert.Equal(0, await incentives.Scalar<long>(
            "select count(*) from points_entries where member_id = any($1) and at >= $2 and kind = 'earned' and rule_version <> $3", members.ToArray(), since.ToUniversalTime(), version));
        Assert.Equal(1000, await incentives.Scalar<long>("select count(*) from points_causes where actor_id = any($1)", members.ToArray()));

        // Settled again from nothing but the causes, nothing is left to post.
        var entries = await incentives.Scalar<long>("select count(*) from points_entries");
        await incentives.Scalar<long>("with due as (insert into points_due select distinct actor_id, date_trunc('week', day)::date from points_causes returning 1) select count(*) from due");
        await incentives.Host.Services.GetRequiredService<Settlement>().SettleDue(CancellationToken.None);
        Assert.Equal(entries, await incentives.Scalar<long>("select count(*) from points_entries"));

        // The ledger equals a replay from zero.
        const string Ledger = "select (select string_agg(e::text, chr(10) order by entry_id) from points_entries e) || (select string_agg(b::text, chr(10) order by member_id) from points_balances b)";
        var before = await incentives.Scalar<string>(Ledger);
        using var daemon = await incentives.Host.Services.GetRequiredService<IDocumentStore>().BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync("points-entries", Eventually.Silence, CancellationToken.None);
        Assert.Equal(before, await incentives.Scalar<string>(Ledger));
    }
}
