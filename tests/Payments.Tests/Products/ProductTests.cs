using System.Net;
using Community.Content.Contracts;
using Community.Testing;

namespace Community.Payments.Tests.Products;

public sealed class ProductTests(PaymentsService payments)
{
    [Fact]
    public async Task Content_with_a_price_is_a_product_for_anybody()
    {
        var id = await payments.Offer(4200, "EUR", "沙盒 & <sandbox>");
        var list = await (await payments.Anybody().GetAsync($"/products?subjectId={id}")).Body(HttpStatusCode.OK);
        var product = Assert.Single(list["items"]!.AsArray())!;
        Assert.Equal((id, "content", id, "沙盒 & <sandbox>"), (product.Id("productId"), product.Text("kind"), product.Id("subjectId"), product.Text("name")));
        Assert.Equal((4200, "EUR"), (product["price"]!["amount"]!.GetValue<long>(), product["price"].Text("currency")));
        Assert.Null(list["next"]);
    }

    [Fact]
    public async Task All_products_are_listed_page_by_page()
    {
        var ids = new List<Guid>();

        for (var n = 0; n < 5; n++)
        {
            ids.Add(await payments.Offer());
        }

        var seen = new List<Guid>();
        string? next = null;

        do
        {
            var page = await (await payments.Anybody().GetAsync($"/products?limit=2{(next is null ? "" : $"&after={next}")}")).Body(HttpStatusCode.OK);
            seen.AddRange(page["items"]!.AsArray().Select(item => item.Id("productId")));
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);

        Assert.Equal(seen.Distinct().Count(), seen.Count);
        Assert.Empty(ids.Except(seen));
    }

    [Fact]
    public async Task Facts_in_any_order_and_repeated_lead_to_the_latest_word()
    {
        var (kept, gone, free) = (PaymentsService.New(), PaymentsService.New(), PaymentsService.New());
        var noon = PaymentsService.Now;
        (Guid, object)[] facts =
        [
            (PaymentsService.New(), Published(kept, 100, noon)),
            (PaymentsService.New(), new ContentUnpublished(kept, noon.AddHours(1))),
            (PaymentsService.New(), Published(kept, 300, noon.AddHours(2))),
            (PaymentsService.New(), Published(gone, 100, noon)),
            (PaymentsService.New(), new ContentUnpublished(gone, noon.AddHours(1))),
            (PaymentsService.New(), Published(free, 100, noon)),
            (PaymentsService.New(), Published(free, null, noon.AddHours(1)))
        ];
        (Guid, object)[] deliveries = [.. facts, .. facts, .. facts];
        new Random(RandomInput.Seed()).Shuffle(deliveries);

        foreach (var (id, fact) in deliveries)
        {
            await payments.Content.Publish(id, fact);
        }

        await Eventually.True(
            () => payments.HasConsumed(facts.Select(fact => fact.Item1)), "all facts to be consumed");
        var product = await (await payments.Anybody().GetAsync($"/products/{kept}")).Body(HttpStatusCode.OK);
        Assert.Equal(300, product["price"]!["amount"]!.GetValue<long>());
        await (await payments.Anybody().GetAsync($"/products/{gone}")).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
        await (await payments.Anybody().GetAsync($"/products/{free}")).ShouldBeProblem(HttpStatusCode.NotFound, "not-found");
    }

    private static ContentPublished Published(Guid id, long? price, DateTimeOffset at) => new(
        id, id, "How to order", "Shopping", "article", 4, price is { } amount ? new Price(amount, "CNY") : null, at);
}
