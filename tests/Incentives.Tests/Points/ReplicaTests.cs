using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Testing;

namespace Community.Incentives.Tests.Points;

public sealed class ReplicaTests
{
    private static readonly DateTimeOffset Morning = new(2026, 4, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>The caps of a day and of one counterpart, though everybody tells at once and two replicas hear it.</summary>
    [Fact]
    public async Task Caps_hold_for_thirty_two_callers_on_two_replicas()
    {
        await using var incentives = new IncentivesHost();
        await incentives.InitializeAsync();
        await using var second = await ServiceHost<Program>.Start("incentives", incentives.Issuer, database: incentives.Host.Database, messaging: incentives.Host.Messaging);
        var (author, fan) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var facts = Enumerable.Range(0, 32).Select(caller => Enumerable.Range(0, 8).Select(n => (
            Id: IncentivesHost.NewId(),
            Fact: new VoteCast(IncentivesHost.NewId(), "reply", IncentivesHost.NewId(), author, caller < 2 ? fan : IncentivesHost.NewId(), 1, Morning.AddSeconds(caller * 10 + n), Imported: false))).ToList()).ToList();

        await Task.WhenAll(facts.Select(async ofCaller =>
        {
            foreach (var (id, fact) in ofCaller)
            {
                await incentives.Neighbour.Publish(id, fact);
            }
        }));
        await incentives.Consumed([.. facts.SelectMany(ofCaller => ofCaller).Select(message => message.Id)]);

        Assert.Equal(200, (await incentives.Points(author)).GetProperty("balance").GetInt64());
        Assert.Equal(50, await incentives.Scalar<long>(
            """
            select sum(e.points) from points_entries e join points_causes c on c.cause = e.cause where e.member_id = $1 and c.actor_id = $2
            """, author, fan));
        using var other = second.Client(incentives.Issuer.Token(author, "member"));
        Assert.Equal(200, (await other.GetFromJsonAsync<JsonElement>($"/members/{author}/points")).GetProperty("balance").GetInt64());
    }
}
