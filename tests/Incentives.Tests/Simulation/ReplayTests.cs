using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Simulation;

/// <summary>On a service of its own: a replay counts all that was ever recorded.</summary>
public sealed class ReplayTests
{
    private static readonly DateTimeOffset Past = new(2025, 3, 3, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_replay_of_the_rules_in_force_is_the_ledger_and_a_candidate_changes_nothing_until_it_is_applied()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        using var staff = incentives.Operator;
        var random = new Random(RandomInput.Seed());
        var members = Enumerable.Range(0, 5).Select(_ => IncentivesHost.NewId()).ToArray();
        var contents = members.Select(_ => IncentivesHost.NewId()).ToArray();
        await Say([.. contents.Zip(members, (content, author) => new ContentPublished(content, author, "Title", "topic", "article", 4, null, Past)),
            .. Enumerable.Range(0, 200).Select(_ => Something())]);

        // Entry by entry.
        Assert.Equal(await Ledgers.Posted(incentives), await Ledgers.Replayed(incentives));

        // Twice as much for a comment, and nothing else.
        var before = await Balances();
        object candidate = new { rule = "comment-posted", activity = "comment", points = 2, dailyCap = 1000 };
        var (id, answer) = await Try(candidate);
        Assert.Equal(before.Values.Sum(), answer.GetProperty("totals").GetProperty("before").GetInt64());
        var comments = await incentives.Scalar<long>("select count(*) from points_causes where activity = 'comment' and alive");
        Assert.Equal(2 * comments, answer.GetProperty("totals").GetProperty("after").GetInt64());
        Assert.Equal(10, answer.GetProperty("distribution").GetArrayLength());
        Assert.Equal(5, answer.GetProperty("winners").GetArrayLength() + answer.GetProperty("losers").GetArrayLength());
        Assert.Equal(before, await Balances());
        var member = await staff.GetFromJsonAsync<JsonElement>($"/rules/replays/{id}/members/{members[0]}");
        Assert.Equal(before[members[0]], member.GetProperty("before").GetInt64());
        Assert.NotEmpty(member.GetProperty("differences").EnumerateArray());

        // From a day on: further entries bring the ledger there.
        var earned = await incentives.Scalar<long>("select count(*) from points_entries where kind = 'earned'");
        // Of many who apply it at once one does.
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var one = await staff.PostAsJsonAsync($"/rules/replays/{id}/application", new { from = "2020-01-01" });

            return one.StatusCode;
        }));
        Assert.Single(applied, HttpStatusCode.Created);
        Assert.All(applied.Where(status => status != HttpStatusCode.Created), status => Assert.Equal(HttpStatusCode.Conflict, status));
        Assert.Equal(1, await incentives.Scalar<long>("select count(*) from mt_events where type = 'rule-set-adopted.v2'"));
        await incentives.Settled();
        Assert.Equal(2 * comments, (await Balances()).Values.Sum());
        Assert.True(await incentives.Scalar<long>("select count(*) from points_entries where kind = 'earned'") >= earned);
        Assert.Equal(HttpStatusCode.Conflict, (await staff.PostAsJsonAsync($"/rules/replays/{id}/application", new { from = "now" })).StatusCode);

        // It is in force now, so that trying it again changes nothing.
        var (_, again) = await Try(candidate);
        Assert.Equal(again.GetProperty("totals").GetProperty("before").GetInt64(), again.GetProperty("totals").GetProperty("after").GetInt64());
        Assert.Equal(0, again.GetProperty("winners").GetArrayLength() + again.GetProperty("losers").GetArrayLength());
        Assert.Equal(2, (await staff.GetFromJsonAsync<JsonElement>("/rules/replays")).GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.Conflict, (await staff.PostAsJsonAsync($"/rules/replays/{id}/cancellation", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await staff.GetAsync($"/rules/replays/{members[0]}")).StatusCode);

        // They are not kept without end, and not started without end.
        await incentives.Scalar<long>(
            """
            with many as (insert into rule_replays (replay_id, rules, since, status, progress, total, started_at)
                select gen_random_uuid(), '[]', now(), case when n <= 30 then 'cancelled' else 'running' end, 0, 0, now() - interval '1 day' from generate_series(1, 35) n returning replay_id),
            outcomes as (insert into rule_replay_members (replay_id, member_id, before, after) select replay_id, gen_random_uuid(), 0, 0 from many)
            select count(*) from many
            """);
        using var tooMany = await staff.PostAsJsonAsync("/rules/replays", new { rules = new[] { candidate } });
        Assert.Equal(HttpStatusCode.Conflict, tooMany.StatusCode);
        await incentives.Scalar<long>("with ended as (update rule_replays set status = 'cancelled' where status = 'running' returning 1) select count(*) from ended");
        await Try(candidate);
        Assert.Equal((20, 20), (await incentives.Scalar<long>("select count(*) from rule_replays"), await incentives.Scalar<long>("select count(distinct replay_id) from rule_replay_members")));

        // Points whose time was over before they were told of expire at once.
        var (expiring, _) = await Try(new { rule = "comment-posted", activity = "comment", points = 2, dailyCap = 1000, expiresAfterDays = 30 });
        using var soon = await staff.PostAsJsonAsync($"/rules/replays/{expiring}/application", new { from = "2020-01-01" });
        Assert.Equal(HttpStatusCode.Created, soon.StatusCode);
        var late = IncentivesHost.NewId();
        await Say(new CommentPosted(late, "topic", late, late, Past, Imported: false));
        var entries = await Eventually.Value(
            async () => (await staff.GetFromJsonAsync<JsonElement>($"/members/{late}/points/entries")).GetProperty("items").EnumerateArray()
                .Select(entry => (entry.GetProperty("kind").GetString(), entry.GetProperty("points").GetInt32())).ToList(),
            all => all.Count == 2, "the points to expire");
        Assert.Equal([("expired", -2), ("earned", 2)], entries);
        var points = await incentives.Points(late);
        Assert.Equal((0, 2), (points.GetProperty("balance").GetInt64(), points.GetProperty("lifetime").GetInt64()));

        object Something()
        {
            var (who, other, id, at) = (members[random.Next(5)], random.Next(5), IncentivesHost.NewId(), Past.AddHours(random.Next(200)));

            return random.Next(5) switch
            {
                0 => new CommentPosted(id, "content", contents[other], who, at, Imported: false),
                1 => new ReactionAdded(contents[other], who, "like", at),
                2 => new ReplyAccepted(id, id, members[other], who, at, Imported: false),
                3 => new VoteCast(id, "reply", id, members[other], who, random.Next(3) == 0 ? -1 : 1, at, Imported: false),
                _ => new ContentViewed(contents[other], who, at)
            };
        }

        async Task<(Guid Id, JsonElement Answer)> Try(params object[] rules)
        {
            using var started = await staff.PostAsJsonAsync("/rules/replays", new { rules });
            Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
            var location = started.Headers.Location!.ToString();
            var answer = await Eventually.Value(
                () => staff.GetFromJsonAsync<JsonElement>(location), replay => replay.GetProperty("status").GetString() == "finished", "the replay to finish");

            return (answer.GetProperty("replayId").GetGuid(), answer);
        }

        async Task<Dictionary<Guid, long>> Balances()
        {
            var balances = new Dictionary<Guid, long>();

            foreach (var one in members)
            {
                balances[one] = (await incentives.Points(one)).GetProperty("balance").GetInt64();
            }

            return balances;
        }

        async Task Say(params object[] facts)
        {
            var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
            await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
            await incentives.Consumed(messages.ConvertAll(message => message.Id));
        }
    }
}
