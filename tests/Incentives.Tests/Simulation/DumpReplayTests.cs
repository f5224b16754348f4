using System.Globalization;
using System.Xml.Linq;
using Community.Content.Contracts;
using Community.Incentives.Points;
using Community.Incentives.Rules;
using Community.Incentives.Simulation;
using Community.Incentives.Tests.Points;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Incentives.Tests.Simulation;

/// <summary>On a service of its own: a replay counts all that was ever recorded.</summary>
public sealed class DumpReplayTests
{
    /// <summary>As content tells what the importer brings: questions, answers, comments, votes and accepted answers, in any order.</summary>
    [Fact]
    public async Task A_replay_of_the_rules_in_force_is_the_ledger_of_a_real_dump_entry_by_entry()
    {
        var dump = StackExchangeTests.Data("stackexchange-ai");
        Assert.SkipWhen(dump is null, "shared/data/stackexchange-ai is in no directory above this one.");
        var facts = Facts(dump).ToArray();
        Assert.InRange(facts.Length, 8_900, 9_100);
        new Random(RandomInput.Seed()).Shuffle(facts);
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();

        foreach (var batch in messages.Chunk(500))
        {
            await Task.WhenAll(batch.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
        }

        // Of an account that is no more nothing is recorded.
        await incentives.Consumed([.. messages.Where(message => message.fact is not (
            TopicOpened { AuthorId: null } or ReplyPosted { AuthorId: null } or CommentPosted { AuthorId: null } or VoteCast { SubjectAuthorId: null } or ReplyAccepted { ReplyAuthorId: null }))
            .Select(message => message.Id)]);
        var (replay, ledger) = (await Ledgers.Replayed(incentives), await Ledgers.Posted(incentives));

        Assert.InRange(ledger.Split('\n').Length, 4_000, 12_000);
        Assert.Equal(ledger, replay);
    }

    /// <summary>What it has paid stands on both sides, and fills the caps of what comes after it.</summary>
    [Fact]
    public async Task A_replay_counts_what_a_release_that_settled_day_by_day_has_paid()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        var (member, at) = (IncentivesHost.NewId(), new DateTimeOffset(2025, 3, 3, 8, 0, 0, TimeSpan.Zero));
        await using (var session = incentives.Host.Services.GetRequiredService<IDocumentStore>().LightweightSession())
        {
            // Of a cap of five points a day three are filled.
            session.Events.Append(IncentivesHost.NewId(), Enumerable.Range(0, 3).Select(n => (object)new PointsEarned(
                member, 1, Activities.Comment, $"comment/{IncentivesHost.NewId()}", "comment-posted", 1, at.AddMinutes(n), Number: 0)));
            await session.SaveChangesAsync();
        }

        var messages = Enumerable.Range(0, 4).Select(n => (Id: IncentivesHost.NewId(), Fact: new CommentPosted(IncentivesHost.NewId(), "topic", member, member, at.AddHours(n + 1), false))).ToList();
        await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.Fact)));
        await incentives.Consumed(messages.ConvertAll(message => message.Id));

        Assert.Equal(5, (await incentives.Points(member)).GetProperty("balance").GetInt64());
        Assert.Equal(await Ledgers.Posted(incentives), await Ledgers.Replayed(incentives));
    }

    private static IEnumerable<object> Facts(string dump)
    {
        var posts = StackExchangeTests.Rows(dump, "Posts").Where(post => (string?)post.Attribute("PostTypeId") is "1" or "2").ToDictionary(post => (string)post.Attribute("Id")!);

        foreach (var post in posts.Values)
        {
            yield return IsReply(post)
                ? new ReplyPosted(Id("post", post.Attribute("Id")), Id("post", post.Attribute("ParentId")), StackExchangeTests.Owner(post), At(post), Imported: true)
                : new TopicOpened(Id("post", post.Attribute("Id")), StackExchangeTests.Owner(post), "question", At(post), Imported: true);
        }

        foreach (var comment in StackExchangeTests.Rows(dump, "Comments"))
        {
            if (posts.TryGetValue((string)comment.Attribute("PostId")!, out var post))
            {
                yield return new CommentPosted(
                    Id("comment", comment.Attribute("Id")), IsReply(post) ? "reply" : "topic", Id("post", post.Attribute("Id")),
                    (string?)comment.Attribute("UserId") is { } user ? StackExchangeTests.Owner(new XElement("row", new XAttribute("OwnerUserId", user))) : null, At(comment), Imported: true);
            }
        }

        foreach (var vote in StackExchangeTests.Rows(dump, "Votes"))
        {
            if (posts.TryGetValue((string)vote.Attribute("PostId")!, out var post))
            {
                switch ((string)vote.Attribute("VoteTypeId")!)
                {
                    case "1":
                        yield return new ReplyAccepted(Id("post", post.Attribute("ParentId")), Id("post", post.Attribute("Id")), StackExchangeTests.Owner(post), null, At(vote), Imported: true);
                        break;

                    case "2" or "3":
                        yield return new VoteCast(
                            Id("vote", vote.Attribute("Id")), IsReply(post) ? "reply" : "topic", Id("post", post.Attribute("Id")), StackExchangeTests.Owner(post), null,
                            (string)vote.Attribute("VoteTypeId")! == "2" ? 1 : -1, At(vote), Imported: true);
                        break;
                }
            }
        }
    }

    private static bool IsReply(XElement post) => (string?)post.Attribute("PostTypeId") == "2";

    private static Guid Id(string kind, XAttribute? id) => EventStore.StreamId.Of(kind, id!.Value);

    private static DateTimeOffset At(XElement row) =>
        DateTimeOffset.Parse((string)row.Attribute("CreationDate")!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}

/// <summary>A line for what each rule pays a member for a cause.</summary>
internal static class Ledgers
{
    public static Task<string> Posted(IncentivesHost incentives) => incentives.Scalar<string>(
        """
        select string_agg(line, chr(10) order by line collate "C") from (
            select member_id || ' ' || cause || ' ' || rule || ' ' || max(rule_version) || ' ' || sum(points) as line
            from points_entries group by member_id, cause, rule having sum(points) <> 0) e
        """);

    public static async Task<string> Replayed(IncentivesHost incentives)
    {
        var replays = incentives.Host.Services.GetRequiredService<Replays>();
        var rules = await incentives.Host.Services.GetRequiredService<RulesInForce>().Read(CancellationToken.None);
        var (replayed, earnings, awards) = (new List<string>(), new Dictionary<Guid, Earning>(), new List<Award>());

        await foreach (var fact in replays.Facts(null, CancellationToken.None))
        {
            awards.Clear();
            (earnings.TryGetValue(fact.MemberId, out var earning) ? earning : earnings[fact.MemberId] = new(rules)).Add(fact, awards);
            replayed.AddRange(awards.Select(award => $"{fact.MemberId} {fact.Cause} {award.Rule} {award.RuleVersion} {award.Points}"));
        }

        return string.Join('\n', replayed.Order(StringComparer.Ordinal));
    }
}
