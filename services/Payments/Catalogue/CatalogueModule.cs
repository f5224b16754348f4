using Community.EventStore;
using Community.Messaging;
using JasperFx.Events.Projections;

namespace Community.Payments.Catalogue;

internal static class CatalogueModule
{
    public static void AddCatalogue(this WebApplicationBuilder builder)
    {
        // Inline: an order is priced by them, they are rarely written, and an asynchronous one would look at every event.
        builder.ConfigureStore(options =>
        {
            options.Projections.Add<ProductsOnOffer>(ProjectionLifecycle.Inline);
            options.Projections.Add<PlansOnOffer>(ProjectionLifecycle.Inline);
            options.Projections.Add<CouponList>(ProjectionLifecycle.Inline);
            options.Schema.For<ProductOnOffer>().Index(product => product.ProductId).Index(product => product.SubjectId);
            options.Schema.For<PlanOnOffer>();
            options.Schema.For<CouponInList>();
        });
        builder.Services.AddSingleton(Tax.Of(builder.Configuration));
        builder.AddConsumer<OfferContentWhenPublished>();
        builder.AddConsumer<WithdrawContentWhenUnpublished>();
    }

    public static void MapCatalogue(this IEndpointRouteBuilder app)
    {
        app.MapPlans();
        app.MapProducts();
        app.MapCoupons();
    }
}
