using Community.EventSourcing;
using Community.Messaging;
using Community.Payments;
using Community.Payments.Coupons;
using Community.Payments.Creators;
using Community.Payments.Gateways;
using Community.Payments.Invoices;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Payments.Plans;
using Community.Payments.Products;
using Community.Payments.Reconciliation;
using Community.Payments.Referrals;
using Community.Payments.Subscriptions;
using Community.ServiceDefaults;
using Community.Standing;
using JasperFx.Events.Projections;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddEventStore("paymentsdb", typeof(Program).Assembly, options =>
{
    options.Projections.Add<ProductsOnOffer>(ProjectionLifecycle.Inline); // an order is priced by it
    options.Projections.Add<PlansOnOffer>(ProjectionLifecycle.Inline);
    // Inline: rarely written, and an asynchronous one each would look at every event of the service.
    options.Projections.Add<CouponList>(ProjectionLifecycle.Inline);
    options.Projections.Add<InvoiceList>(ProjectionLifecycle.Inline);
    options.Projections.Add<CreatorList>(ProjectionLifecycle.Inline);
    options.Projections.Add<PayoutList>(ProjectionLifecycle.Inline);
    options.Projections.Add<ReferralList>(ProjectionLifecycle.Inline);
    options.Projections.Add<BegunSubscriptions>(ProjectionLifecycle.Inline);
    options.Projections.Add<SubscriptionList>(ProjectionLifecycle.Async);
    options.Projections.Add<OrderList>(ProjectionLifecycle.Async);
    options.Projections.Add<OwedRefunds>(ProjectionLifecycle.Async);
    options.Projections.Add(new Postings(options), ProjectionLifecycle.Async);
    options.Schema.For<ProductOnOffer>().Index(product => product.ProductId).Index(product => product.SubjectId);
    options.Schema.For<OrderInList>().Index(order => order.MemberId).Index(order => order.WaitsSince!).Index(order => order.ChargeDueAt!);
    options.Schema.For<PlanOnOffer>();
    options.Schema.For<CreatorInList>();
    options.Schema.For<PayoutInList>().Index(payout => payout.CreatorId);
    options.Schema.For<InvoiceInList>().Index(invoice => invoice.MemberId).Index(invoice => invoice.Order);
    options.Schema.For<CouponInList>();
    options.Schema.For<ReferralInList>().Index(referral => referral.By);
    options.Schema.For<SubscriptionInList>().Index(s => s.MemberId).Index(s => s.SubscriptionId).Index(s => s.DueAt!);
    options.Schema.For<BegunSubscription>().Index(s => s.MemberId);
    options.Schema.For<OwedRefund>();
    options.Storage.ExtendedSchemaObjects.Add(KnownMembers.Table);
});
builder.AddStanding();
builder.AddMessaging("payments", Publications.All, consume =>
{
    consume.Add<OfferContentWhenPublished>();
    consume.Add<WithdrawContentWhenUnpublished>();
    consume.Add<EndSubscriptionsOfLeavers>();
    consume.Add<NoteReferrals>();
    consume.Add<NoteMembers>();
    consume.Add<RefuseTokenWhenRevoked>();
});
builder.Services.AddSingleton<KnownMembers>();
builder.Services.AddSingleton(Tax.Of(builder.Configuration));
builder.Services.AddHostedService<UnpaidOrders>();
builder.AddGateways();
builder.AddSubscriptions();
builder.AddInvoices();
builder.AddCreators();
builder.AddReferrals();

var app = builder.Build();
app.MapServiceDefaults();
app.UseOrigin();
app.UseIdempotency();
app.MapStatus().RequireRoles("operator");
app.MapProjections().RequireRoles("operator");
app.MapPlans();
app.MapProducts();
app.MapCoupons();
app.MapOrders();
app.MapSubscriptions();
app.MapGateways();
app.MapLedger();
app.MapInvoices();
app.MapPayouts();
app.MapReferrals();
app.MapReconciliation();
app.MapExport();
return await app.RunOrRebuild(args);
