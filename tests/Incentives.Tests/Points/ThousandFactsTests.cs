using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Incentives.Tests.Points;

/// <summary>On a service of its own: it changes the rules.</summary>
public sealed class ThousandFactsTests
{
    private static readonly DateTimeOffset Past = new(2019, 3, 4, 23, 59, 59, TimeSpan.Zero);

    /// <summary>
    /// Over two days and a change of the rules, each fact one to three times, in any order. The expected points are
    /// computed here in another way: per member, day, version and kind the cap or the sum, whichever is less.
    /// </summary>
    [Fact]
    public async Task A_thousand_facts_shuffled_and_repeated_earn_exactly_what_they_should()
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
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
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

            return (Id: IncentivesHost.NewId(), Member: members[random.Next(members.Count)], IsView: random.Next(2) == 0, At: at);
        }).ToList();
        var messages = facts.SelectMany(fact => Enumerable.Repeat(fact, random.Next(1, 4))).ToArray();
        random.Shuffle(messages);

        foreach (var batch in messages.Chunk(100))
        {
            await Task.WhenAll(batch.Select(fact => incentives.Neighbour.Publish(fact.Id, fact.IsView
                ? new ContentViewed(fact.Id, fact.Member, fact.At)
                : new CommentPosted(fact.Id, "topic", fact.Id, fact.Member, fact.At, Imported: false))));
        }

        await incentives.Consumed(facts.ConvertAll(fact => fact.Id));
        var version = second.GetProperty("version").GetInt32();

        foreach (var member in members)
        {
            var expected = facts.Where(fact => fact.Member == member)
                .GroupBy(fact => (fact.At.UtcDateTime.Date, fact.IsView, New: fact.At >= since))
                .Sum(group => group.Key switch
                {
                    { IsView: true, New: true } => group.Select(fact => (int)fact.At.UtcDateTime.TimeOfDay.TotalSeconds).Distinct().Count(),
                    { IsView: true, New: false } => Math.Min(5, group.Count()),
                    { IsView: false, New: true } => Math.Min(100, group.Count() * 3),
                    { IsView: false, New: false } => Math.Min(10, group.Count() * 2)
                });
            Assert.Equal(expected, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        }

        Assert.Equal(0, await incentives.Scalar<long>(
            "select count(*) from points_entries where member_id = any($1) and at >= $2 and rule_version <> $3", members.ToArray(), since.ToUniversalTime(), version));
        Assert.Equal(1000, await incentives.Scalar<long>("select count(*) from mt_events where (data->>'memberId')::uuid = any($1)", members.ToArray()));

        // The ledger equals a replay from zero.
        const string Ledger = "select string_agg(e::text, chr(10) order by entry_id) from points_entries e";
        var before = await incentives.Scalar<string>(Ledger);
        using var daemon = await incentives.Host.Services.GetRequiredService<IDocumentStore>().BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync("points-entries", Eventually.Silence, CancellationToken.None);
        Assert.Equal(before, await incentives.Scalar<string>(Ledger));
    }
}
