using System.Globalization;
using System.IO.Compression;
using System.Xml.Linq;
using Community.Incentives.Points;
using Community.Incentives.Rules;

namespace Community.Incentives.Tests.Points;

public sealed class StackExchangeTests
{
    private const int ADay = 200;

    /// <summary>Those of the dump's time: only accepted answers are outside the cap of a day.</summary>
    private static readonly EarningRule[] Rules =
    [
        new("question-upvoted", Activities.Upvote, 5, ADay) { To = Beneficiary.Author, When = new("topic"), CapGroup = "reputation" },
        new("answer-upvoted", Activities.Upvote, 10, ADay) { To = Beneficiary.Author, When = new("reply"), CapGroup = "reputation" },
        new("downvoted", Activities.Downvote, -2) { To = Beneficiary.Author },
        new("accepted", Activities.AcceptedReply, 15) { To = Beneficiary.Author },
        new("acceptor", Activities.AcceptedReply, 2) { To = Beneficiary.Actor }
    ];

    /// <summary>
    /// The dump's own reputations hold bonuses, bounties and votes on posts that are gone; what the rules give of the votes
    /// that are there goes with them closely.
    /// </summary>
    [Fact]
    public void Its_rules_give_its_members_the_reputations_of_its_dump()
    {
        var dump = Data("stackexchange-ai");
        Assert.SkipWhen(dump is null, "shared/data/stackexchange-ai is in no directory above this one.");
        var posts = Rows(dump, "Posts").Where(post => (string?)post.Attribute("PostTypeId") is "1" or "2").ToDictionary(post => (string)post.Attribute("Id")!);
        var facts = Rows(dump, "Votes").SelectMany(vote => Facts(vote, posts)).ToList();
        facts.Sort((a, b) => a.MemberId != b.MemberId ? a.MemberId.CompareTo(b.MemberId) : Earning.Order(a, b));
        var earned = facts.GroupBy(fact => fact.MemberId).ToDictionary(member => member.Key, Earned);

        var authors = posts.Values.Select(Owner).OfType<Guid>().ToHashSet();
        var members = Rows(dump, "Users").Select(user => (Id: Member((string)user.Attribute("Id")!), Reputation: (double)user.Attribute("Reputation")!))
            .Where(user => authors.Contains(user.Id)).ToList();
        Assert.True(members.Count > 500, $"{members.Count} members with posts");
        var correlation = Pearson([.. members.Select(member => (double)earned.GetValueOrDefault(member.Id))], [.. members.Select(member => member.Reputation)]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{correlation:F4} of {members.Count} members with posts");
        Assert.InRange(correlation, 0.97, 1);
    }

    private static int Earned(IEnumerable<Fact> facts)
    {
        var (earning, awards) = (new Earning(RuleSetHistory.Decider.Initial.With([.. Rules], DateTimeOffset.MinValue)), new List<Award>());

        foreach (var fact in facts)
        {
            earning.Add(fact, awards);
        }

        return awards.Sum(award => award.Points);
    }

    private static IEnumerable<Fact> Facts(XElement vote, Dictionary<string, XElement> posts)
    {
        if (!posts.TryGetValue((string)vote.Attribute("PostId")!, out var post) || (string)vote.Attribute("VoteTypeId")! is not ("1" or "2" or "3"))
        {
            yield break;
        }

        var isReply = (string)post.Attribute("PostTypeId")! == "2";
        var (author, asker) = (Owner(post), isReply ? Owner(posts[(string)post.Attribute("ParentId")!]) : null);
        var activity = (string)vote.Attribute("VoteTypeId")! switch { "1" => Activities.AcceptedReply, "2" => Activities.Upvote, _ => Activities.Downvote };
        var at = DateTimeOffset.Parse((string)vote.Attribute("CreationDate")!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var cause = $"vote/{(string)vote.Attribute("Id")!}";

        if (author is { } member)
        {
            yield return new(member, cause, activity, Role.Author, null, at, DateOnly.FromDateTime(at.UtcDateTime), 0, isReply ? "reply" : "topic", null, null) { IsOwn = author == asker };
        }

        if (activity == Activities.AcceptedReply && asker is { } acceptor && acceptor != author)
        {
            yield return new(acceptor, cause, activity, Role.Actor, author, at, DateOnly.FromDateTime(at.UtcDateTime), 0, null, null, null);
        }
    }

    private static double Pearson(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());

        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
    }

    internal static Guid? Owner(XElement post) => (string?)post.Attribute("OwnerUserId") is { } id ? Member(id) : null;

    private static Guid Member(string id) => new(int.Parse(id, CultureInfo.InvariantCulture), 0, 0, new byte[8]);

    internal static IEnumerable<XElement> Rows(string dump, string table)
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(dump, $"{table}.xml.gz")), CompressionMode.Decompress);

        return XDocument.Load(file).Root!.Elements("row");
    }

    internal static string? Data(string folder)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (Path.Combine(directory.FullName, "shared", "data", folder) is var dump && Directory.Exists(dump))
            {
                return dump;
            }
        }

        return null;
    }
}
