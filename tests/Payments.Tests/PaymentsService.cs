using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

[assembly: AssemblyFixture(typeof(Community.Payments.Tests.PaymentsService))]

namespace Community.Payments.Tests;

/// <summary>The service on real servers, with content and membership played by a neighbour who also hears what payments says.</summary>
public sealed class PaymentsService : IAsyncLifetime
{
    public const string Secret = "a secret between sandbox and service";
    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private Neighbour? _content;

    public Issuer Issuer => _issuer!;

    public ServiceHost<Program> Host => _host!;

    public Neighbour Content => _content!;

    public HttpClient Operator => Member(New(), "member", "operator");

    public static Guid New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        var broker = await Servers.CreateVirtualHost("payments");
        _issuer = await Issuer.Start();
        _content = await Neighbour.Start(
            broker, ["content", "membership", "incentives"], past: null, typeof(Contracts.OrderPlaced), typeof(Contracts.OrderPaid), typeof(Contracts.OrderRefunded),
            typeof(Contracts.RewardGiven), typeof(Contracts.RewardRefused), typeof(Contracts.RewardTakenBack), typeof(Contracts.RewardKept));
        _host = await ServiceHost<Program>.Start(
            "payments", _issuer, new Dictionary<string, string?> { ["Gateways:Sandbox:Secret"] = Secret }, messaging: broker);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_content is not null)
        {
            await _content.DisposeAsync();
        }

        if (_issuer is not null)
        {
            await _issuer.DisposeAsync();
        }
    }

    public HttpClient Member(Guid id, params string[] roles) => Host.Client(Issuer.Token(id, roles is [] ? ["member"] : roles));

    /// <summary>A program with an API token.</summary>
    public HttpClient Program(params string[] scopes) => Host.Client(Issuer.Token(New(), ["member", "operator"], scopes, TimeSpan.FromMinutes(15)));

    public HttpClient Anybody() => Host.Client();

    /// <summary>Content says that it published something with a price; answers when it can be ordered.</summary>
    public async Task<Guid> Offer(long amount = 9900, string currency = "CNY", string title = "How to order")
    {
        var id = New();
        await Content.Publish(New(), new ContentPublished(id, New(), title, "Shopping", "article", 4, new Price(amount, currency), Now));
        await Eventually.Value(() => Anybody().GetAsync($"/products/{id}"), answer => answer.IsSuccessStatusCode, $"the product {id}");

        return id;
    }

    /// <summary>Somebody of whom membership has told and payments has heard.</summary>
    public async Task<Guid> Join(Guid? known = null)
    {
        var id = known ?? New();
        await Content.Publish(New(), new MemberJoined(id, Now, Imported: false));
        await using var database = NpgsqlDataSource.Create(Host.Database);
        await using var heard = database.CreateCommand("select exists (select from known_members where member_id = $1 and joined)");
        heard.Parameters.Add(new() { Value = id });
        await Eventually.True(async () => await heard.ExecuteScalarAsync() is true, $"the member {id} to be known");

        return id;
    }

    /// <summary>Orders a plan as a gift for somebody who has joined.</summary>
    public static async Task<JsonNode> Give(HttpClient giver, Guid plan, Guid receiver)
    {
        using var placed = await giver.PostAsJsonAsync(
            "/orders", new { items = new[] { new { productId = plan, quantity = 1 } }, giftTo = receiver });

        return await placed.Body(HttpStatusCode.Created);
    }

    /// <summary>An operator gives a plan to somebody who has joined.</summary>
    public async Task<JsonNode> Grant(Guid member, Guid plan)
    {
        using var given = await Operator.PostAsJsonAsync("/subscriptions/complimentary", new { memberId = member, planId = plan });

        return await given.Body(HttpStatusCode.Created);
    }

    public async Task<Guid> Plan(string tier, long amount = 3_000, string currency = "CNY", string interval = "month", int trialDays = 0, int? days = null)
    {
        using var answer = await Operator.PostAsJsonAsync("/plans", new { name = tier, tier, price = new { amount, currency }, interval, trialDays, days });

        return (await answer.Body(HttpStatusCode.Created)).Id("planId");
    }

    /// <summary>Pays at the sandbox's page; the page is what it answers.</summary>
    public async Task<string> Pay(HttpClient member, JsonNode order)
    {
        var page = (await StartPayment(member, order))["action"].Text("url");
        using var paid = await Anybody().PostAsync(page, null);
        Assert.Equal(HttpStatusCode.NoContent, paid.StatusCode);

        return page;
    }

    /// <summary>Whether these messages of content have all had their effect.</summary>
    public async Task<bool> HasConsumed(IEnumerable<Guid> messages)
    {
        await using var database = NpgsqlDataSource.Create(Host.Database);
        await using var select = database.CreateCommand("select count(distinct message_id) from inbox where message_id = any($1)");
        var ids = messages.Distinct().ToArray();
        select.Parameters.Add(new() { Value = ids });

        return await select.ExecuteScalarAsync() is long count && count == ids.Length;
    }

    /// <summary>Waits until every read model has seen the last event of an order.</summary>
    public async Task AllIsProjected(Guid order)
    {
        await using var database = NpgsqlDataSource.Create(Host.Database);
        await using var select = database.CreateCommand(
            """
            select (select min(last_seq_id) from mt_event_progression where name like '%:All' and not starts_with(name, 'rebuild_'))
                >= (select max(seq_id) from mt_events where stream_id = $1)
            """);
        select.Parameters.Add(new() { Value = Payments.Orders.Order.Stream(order) });
        await Eventually.True(async () => await select.ExecuteScalarAsync() is true, $"the read models to know all of the order {order}");
    }

    public IQuerySession Session() => Host.Services.GetRequiredService<IDocumentStore>().QuerySession();

    public static async Task<JsonNode> Place(HttpClient member, params (Guid Product, int Quantity)[] items)
    {
        using var answer = await member.PostAsJsonAsync(
            "/orders", new { items = items.Select(i => new { productId = i.Product, quantity = i.Quantity }) });

        return await answer.Body(HttpStatusCode.Created);
    }

    public static async Task<JsonNode> StartPayment(HttpClient member, JsonNode order)
    {
        using var answer = await member.PostAsJsonAsync($"/orders/{order.Id("orderId")}/payments", new { gateway = "sandbox" });

        return await answer.Body(HttpStatusCode.Created);
    }

    /// <summary>Orders and pays at the sandbox's page, as a payer does.</summary>
    public async Task<JsonNode> Buy(HttpClient member, params (Guid Product, int Quantity)[] items)
    {
        var order = await Place(member, items);
        var payment = await StartPayment(member, order);
        using var paid = await Anybody().PostAsync(payment["action"].Text("url"), null);
        Assert.Equal(HttpStatusCode.NoContent, paid.StatusCode);

        return await Get(member, order);
    }

    public static async Task<JsonNode> Get(HttpClient member, JsonNode order, string query = "")
    {
        using var answer = await member.GetAsync($"/orders/{order.Id("orderId")}{query}");

        return await answer.Body(HttpStatusCode.OK);
    }

    public static object Notification(Guid order, Guid payment, string receipt, long amount, string currency, string outcome = "paid") =>
        new { outcome, receipt, orderId = order, paymentId = payment, amount = new { amount, currency } };

    /// <summary>Signed here by what is documented, not by the service's own code.</summary>
    public async Task<HttpResponseMessage> Webhook(object notification, string? secret = null, TimeSpan? age = null, string gateway = "sandbox")
    {
        var body = notification as string ?? JsonSerializer.Serialize(notification);
        var time = (Now - (age ?? TimeSpan.Zero)).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? Secret), Encoding.UTF8.GetBytes($"{time}.{body}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/{gateway}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Sandbox-Signature", $"t={time},v1={signature}");

        return await Anybody().SendAsync(request);
    }

    /// <summary>The trial balance of one currency, when its postings are so many minor units in sum.</summary>
    public async Task<IReadOnlyDictionary<string, (long Debit, long Credit)>> Balance(string currency, long sum, string query = "")
    {
        var accounts = await Eventually.Value(
            async () => (await (await Operator.GetAsync($"/ledger/trial-balance{query}")).Body(HttpStatusCode.OK)),
            answer => answer["balanced"]!.GetValue<bool>() && Of(answer, currency).Values.Sum(a => a.Debit) == sum, $"{sum} {currency} in the ledger");

        return Of(accounts, currency);
    }

    private static Dictionary<string, (long Debit, long Credit)> Of(JsonNode balance, string currency) => balance["accounts"]!.AsArray()
        .Where(account => account.Text("currency") == currency)
        .ToDictionary(account => account.Text("account"), account => (account!["debit"]!.GetValue<long>(), account["credit"]!.GetValue<long>()));
}

internal static class Answers
{
    public static async Task<JsonNode> Body(this HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of {(int)expected}: {text}");

        return JsonNode.Parse(text)!;
    }

    public static async Task ShouldBeProblem(this HttpResponseMessage answer, HttpStatusCode status, string? code = null)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} instead of {(int)status}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(text)!;
        Assert.StartsWith("urn:community:", problem.Text("type"), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);

        if (code is not null)
        {
            Assert.Equal($"urn:community:{code}", problem.Text("type"));
        }
    }

    public static string Text(this JsonNode? node, string field) =>
        (node?[field] ?? throw new Xunit.Sdk.XunitException($"There is no {field} in {node?.ToJsonString()}")).GetValue<string>();

    public static Guid Id(this JsonNode? node, string field) => Guid.Parse(node.Text(field));
}
