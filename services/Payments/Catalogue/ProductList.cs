using Community.Content.Contracts;
using Community.EventStore;
using Community.Messaging;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Catalogue;

/// <summary>What can be ordered now.</summary>
/// <param name="Id">The product's stream.</param>
internal sealed record ProductOnOffer(Guid Id, Guid ProductId, string Kind, Guid SubjectId, string Name, Money Price);

internal sealed partial class ProductsOnOffer : SingleStreamProjection<ProductOnOffer, Guid>
{
    public ProductsOnOffer() => DeleteEvent<ProductWithdrawn>();

    public static ProductOnOffer Create(IEvent<ProductOffered> e) =>
        new(e.StreamId, e.Data.SubjectId, e.Data.Kind, e.Data.SubjectId, e.Data.Name, e.Data.Price);

    public static ProductOnOffer Apply(ProductOffered e, ProductOnOffer product) => product with { Name = e.Name, Price = e.Price };
}

internal static class ProductEndpoints
{
    internal sealed record ProductView(Guid ProductId, string Kind, Guid SubjectId, string Name, Money Price);

    public static void MapProducts(this IEndpointRouteBuilder app)
    {
        var products = app.MapGroup("/products").AllowAnonymous().WithTag("Products", "What can be ordered.");
        products.MapGet("", List).WithSummary("All that has a price, or what is asked for a subject");
        products.MapGet("/{id}", Get).WithSummary("A product");
    }

    private static async Task<Page<ProductView>> List([AsParameters] Paging paging, Guid? subjectId, IQuerySession session, CancellationToken ct)
    {
        var products = session.Query<ProductOnOffer>().AsQueryable();

        if (subjectId is { } subject)
        {
            products = products.Where(p => p.SubjectId == subject);
        }

        if (paging.Key<Guid>(out var after))
        {
            products = products.Where(p => p.ProductId > after);
        }

        var rows = await products.OrderBy(p => p.ProductId).Take(paging.Size + 1).ToListAsync(ct);

        return paging.Page([.. rows.Select(View)], p => p.ProductId);
    }

    private static async Task<Results<Ok<ProductView>, ProblemHttpResult>> Get(Guid id, IQuerySession session, CancellationToken ct) =>
        await session.LoadAsync<ProductOnOffer>(Product.Stream(id), ct) is { } product
            ? TypedResults.Ok(View(product))
            : Problems.NotFound("product");

    private static ProductView View(ProductOnOffer p) => new(p.ProductId, p.Kind, p.SubjectId, p.Name, p.Price);
}

/// <summary>Content with a price is a product; published again without one it no longer is.</summary>
internal sealed class OfferContentWhenPublished(IDocumentStore store) : IConsumer<ContentPublished>
{
    public Task Consume(ConsumeContext<ContentPublished> context)
    {
        var content = context.Message;
        ProductCommand word = content.Price is { } price
            ? new OfferProduct("content", content.ContentId, content.Title, new Money(price.Amount, price.Currency), content.At) { CreatorId = content.AuthorId }
            : new WithdrawProduct(content.At);

        return store.Handle(Product.Decider, Product.Stream(content.ContentId), word, context);
    }
}

internal sealed class WithdrawContentWhenUnpublished(IDocumentStore store) : IConsumer<ContentUnpublished>
{
    public Task Consume(ConsumeContext<ContentUnpublished> context) => store.Handle(
        Product.Decider, Product.Stream(context.Message.ContentId), new WithdrawProduct(context.Message.At), context);
}
