using Community.Testing;

namespace Community.SystemTests;

/// <summary>
/// The same few things done by some members — a comment and a bought article each, and one article published — and
/// exactly what must follow from them, however they are disturbed. All below the daily caps, which would hide a repeat.
/// </summary>
internal sealed class Scenarios
{
    private const int Price = 700;
    private readonly CommunitySystem _system;
    private readonly Person _creator;
    private readonly Person _reviewer;
    private readonly IReadOnlyList<Person> _members;
    private readonly Guid _free;
    private readonly Guid _priced;
    private readonly Guid _product;
    private readonly Dictionary<string, long> _activities;
    private readonly decimal _sales;
    private Guid _published;

    private Scenarios(CommunitySystem system, Person creator, Person reviewer, IReadOnlyList<Person> members, (Guid Free, Guid Priced, Guid Product) subjects,
        Dictionary<string, long> activities, decimal sales)
    {
        (_system, _creator, _reviewer, _members) = (system, creator, reviewer, members);
        (_free, _priced, _product) = subjects;
        (_activities, _sales) = (activities, sales);
    }

    public IReadOnlyList<Person> Members => _members;

    public static async Task<Scenarios> Prepare(CommunitySystem system, int members = 5)
    {
        var (creator, reviewer) = (await system.Join("creator"), await system.Join("reviewer"));
        var (free, priced) = (await creator.Publish("For all", null, reviewer), await creator.Publish("For some", Price, reviewer));
        var product = (await system.Product(priced)).ProductId;
        var joined = new List<Person>();
        while (joined.Count < members)
            joined.Add(await system.Join());

        await system.AllIsHeard();

        return new(system, creator, reviewer, joined, (free, priced, product), await system.Activities(), await Sales(system));
    }

    public async Task Do()
    {
        await Task.WhenAll(_members.Select(async member =>
        {
            await member.Comment(_free);
            await member.Pay(await member.Order(_product));
        }));
        _published = await _creator.Publish("One more", Price, _reviewer);
    }

    /// <param name="otherComments">What others have done meanwhile.</param>
    public async Task AreExact(int otherComments = 0)
    {
        var rules = await Rules.InForce(_system);
        await _system.AllIsHeard();
        await _system.Counts(_activities, ("comment", _members.Count + otherComments), ("order", _members.Count), ("content", 1));
        await _system.HasPoints(_creator, rules.Earned(("content", 3)));
        await _system.HasPoints(_reviewer, 0);

        foreach (var member in _members)
        {
            await _system.HasPoints(member, rules.Earned(("comment", 1), ("order", 1)));
            await member.CanReadAll(_priced);
            var causes = (await member.All($"incentives/members/{member.Id}/points/entries")).Select(entry => entry.Text("cause")).ToList();
            Assert.Equal((2, 2), (causes.Count, causes.Distinct().Count()));
        }

        Assert.Equal(Price, (await _system.Product(_published)).Price.Amount);
        Assert.Equal(_members.Count * Price, await Sales(_system) - _sales);
        await _system.NothingIsSetAside();
    }

    /// <summary>What has been sold in all, of a ledger that balances.</summary>
    public static async Task<decimal> Sales(CommunitySystem system)
    {
        var balance = await system.Owner.Payments.GetLedgerTrialBalanceAsync().Gives();
        Assert.True(balance.Balanced);
        Assert.Equal(balance.Accounts.Sum(account => account.Debit), balance.Accounts.Sum(account => account.Credit));

        return (decimal)balance.Accounts.Where(account => account.Account == "sales").Sum(account => account.Credit);
    }
}
