using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Content.Contracts;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(Community.Payments.Tests.Neighbourhood))]

namespace Community.Payments.Tests;

/// <summary>Payments with what is off at first (tax, rewards for referrals), with content and membership played.</summary>
public sealed class Neighbourhood : IAsyncLifetime
{
    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private Neighbour? _others;

    public ServiceHost<Program> Host => _host!;

    public Neighbour Others => _others!;

    public HttpClient Operator => Member(PaymentsService.New(), "member", "operator");

    public async ValueTask InitializeAsync()
    {
        _issuer = await Issuer.Start();
        var broker = await Servers.CreateVirtualHost("payments");
        _others = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        _host = await ServiceHost<Program>.Start(
            "payments", _issuer,
            new Dictionary<string, string?>
            {
                ["Gateways:Sandbox:Secret"] = PaymentsService.Secret,
                ["Tax:Percent"] = "6",
                ["Referrals:PercentOff"] = "10"
            },
            messaging: broker);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_others is not null)
        {
            await _others.DisposeAsync();
        }

        if (_issuer is not null)
        {
            await _issuer.DisposeAsync();
        }
    }

    public HttpClient Member(Guid id, params string[] roles) => Host.Client(_issuer!.Token(id, roles is [] ? ["member"] : roles));

    public IQuerySession Session() => Host.Services.GetRequiredService<IDocumentStore>().QuerySession();

    public Task Say(object fact) => Others.Publish(PaymentsService.New(), fact);

    public async Task<Guid> Offer(long amount, string currency = "CNY")
    {
        var id = PaymentsService.New();
        await Say(new ContentPublished(id, PaymentsService.New(), "Sold here", "Shopping", "article", 4, new Price(amount, currency), PaymentsService.Now));
        await Eventually.Value(() => Host.Client().GetAsync($"/products/{id}"), answer => answer.IsSuccessStatusCode, $"the product {id}");

        return id;
    }

    public async Task<Guid> Plan(long amount, string tier = "gold", string currency = "CNY")
    {
        using var answer = await Operator.PostAsJsonAsync("/plans", new { name = tier, tier, price = new { amount, currency }, interval = "month" });

        return (await answer.Body(HttpStatusCode.Created)).Id("planId");
    }

    public async Task<JsonNode> Buy(HttpClient member, Guid product)
    {
        var order = await PaymentsService.Place(member, (product, 1));
        var payment = await PaymentsService.StartPayment(member, order);
        using var paid = await Host.Client().PostAsync(payment["action"].Text("url"), null);
        Assert.Equal(HttpStatusCode.NoContent, paid.StatusCode);

        return await PaymentsService.Get(member, order);
    }

    public static Task<JsonNode> Until(HttpClient client, string address, Func<JsonNode, bool> holds) => Eventually.Value(
        async () =>
        {
            using var answer = await client.GetAsync(address);

            return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync())! : new JsonObject { ["answer"] = (int)answer.StatusCode };
        },
        answer => answer["answer"] is null && holds(answer), address);
}
