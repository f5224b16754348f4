using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;

namespace Community.Incentives.Tests.AntiAbuse;

public sealed class RingTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_a_few_members_do_for_one_another_again_and_again_is_held_and_what_others_do_pays()
    {
        var (a, b, c, reader) = (IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId(), IncentivesHost.NewId());
        await Say([.. Votes(a, b, 9), .. Votes(b, a, 9), .. Votes(a, c, 9), .. Votes(c, a, 9), Vote(reader, a, 0)]);
        Assert.Equal((110, 50, 50), (await Balance(a), await Balance(b), await Balance(c))); // nine each way are not too many; 50 a week are the cap of one other

        await Say([.. Votes(a, b, 1), .. Votes(b, a, 1), .. Votes(a, c, 1), .. Votes(c, a, 1)]);
        await Say(Vote(reader, IncentivesHost.NewId(), 0)); // one more page of the log, after what was held
        Assert.Equal((10, 0, 0), (await Balance(a), await Balance(b), await Balance(c)));
        using var staff = incentives.Operator;
        var held = (await staff.GetFromJsonAsync<JsonElement>("/held-causes?limit=100")).GetProperty("items").EnumerateArray()
            .Where(one => one.GetProperty("memberId").GetGuid() is var member && (member == a || member == b || member == c)).ToList();
        Assert.Equal(40, held.Count);
        Assert.All(held, one => Assert.Equal("ring", one.GetProperty("because").GetString()));
    }

    [Fact]
    public async Task Who_is_valued_by_many_others_may_value_a_friend()
    {
        var (a, b) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var readers = Enumerable.Range(0, 11).Select(_ => IncentivesHost.NewId()).ToList();
        await Say([.. readers.Select(reader => Vote(reader, a, 0)), .. readers.Select(reader => Vote(reader, b, 0))]);
        await Say([.. Votes(a, b, 10), .. Votes(b, a, 10)]);
        await Say(Vote(readers[0], IncentivesHost.NewId(), 0));
        Assert.Equal((160, 160), (await Balance(a), await Balance(b)));
    }

    private static IEnumerable<object> Votes(Guid from, Guid to, int times) => Enumerable.Range(1, times).Select(minute => Vote(from, to, minute));

    private static object Vote(Guid voter, Guid author, int minute) =>
        new VoteCast(IncentivesHost.NewId(), "reply", IncentivesHost.NewId(), author, voter, 1, Noon.AddMinutes(minute), Imported: false);

    private async Task<long> Balance(Guid member) => (await incentives.Points(member)).GetProperty("balance").GetInt64();

    private async Task Say(params object[] facts)
    {
        var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
        await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
        await incentives.Consumed(messages.ConvertAll(message => message.Id));
    }
}
