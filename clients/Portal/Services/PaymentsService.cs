using Community.Client.Payments;

namespace Community.Portal.Services;

internal sealed class PaymentsService(HttpClient http)
{
    private readonly PaymentsClient _client = new(http);

    public Task<Answer<PageOfPlanView>> Plans(CancellationToken ct) => Answers.Of(_client.GetPlansAsync(50, null, ct));

    public Task<Answer<PlanView>> Offer(NewPlan plan, string key, CancellationToken ct) => Answers.Of(_client.PostPlansAsync(plan, key, ct));

    public Task<Answer<object>> Withdraw(Guid plan, CancellationToken ct) => Answers.Of(_client.DeletePlansByIdAsync(plan, ct));

    public Task<Answer<PageOfProductView>> ProductsOf(Guid subject, CancellationToken ct) => Answers.Of(_client.GetProductsAsync(20, null, subject, ct));

    public Task<Answer<ProductView>> Product(Guid id, CancellationToken ct) => Answers.Of(_client.GetProductsByIdAsync(id, ct));

    public Task<Answer<PaymentMethodsView>> Methods(CancellationToken ct) => Answers.Of(_client.GetPaymentMethodsAsync(ct));

    public Task<Answer<OrderPreview>> Preview(Guid product, string? couponCode, Guid? giftTo, CancellationToken ct) =>
        Answers.Of(_client.PostOrdersPreviewsAsync(One(product, couponCode, giftTo), null, ct));

    public Task<Answer<OrderView>> Place(Guid product, string? couponCode, Guid? giftTo, string key, CancellationToken ct) =>
        Answers.Of(_client.PostOrdersAsync(One(product, couponCode, giftTo), key, ct));

    public Task<Answer<OrderView>> Order(Guid id, CancellationToken ct) => Answers.Of(_client.GetOrdersByIdAsync(id, null, ct));

    public Task<Answer<PageOfOrderInListView>> Orders(string? after, CancellationToken ct, int limit = 20) => Answers.Of(_client.GetOrdersAsync(limit, after, ct));

    public Task<Answer<object>> Cancel(Guid order, CancellationToken ct) => Answers.Of(_client.PostOrdersByIdCancellationAsync(order, null, null, ct));

    public Task<Answer<StartedPaymentView>> Pay(Guid order, string gateway, bool byQrCode, string key, CancellationToken ct) => Answers.Of(_client.PostOrdersByIdPaymentsAsync(
        order, new NewPayment { Gateway = gateway, Action = byQrCode ? NewPaymentAction.QrCode : null }, key, null, ct));

    public Task<Answer<PaymentView>> Inquire(Guid order, Guid payment, CancellationToken ct) =>
        Answers.Of(_client.PostOrdersByIdPaymentsByPaymentIdInquiryAsync(order, payment, null, ct));

    public Task<Answer<PageOfSubscriptionInListView>> Subscriptions(CancellationToken ct) => Answers.Of(_client.GetSubscriptionsAsync(50, null, ct));

    public Task<Answer<SubscriptionView>> Subscription(Guid id, CancellationToken ct) => Answers.Of(_client.GetSubscriptionsByIdAsync(id, null, ct));

    public Task<Answer<NextInvoiceView>> NextInvoice(Guid subscription, CancellationToken ct) => Answers.Of(_client.GetSubscriptionsByIdNextInvoiceAsync(subscription, ct));

    public Task<Answer<SubscriptionView>> Try(Guid plan, string key, CancellationToken ct) => Answers.Of(_client.PostSubscriptionsAsync(new NewTrial { PlanId = plan }, key, ct));

    public Task<Answer<PlanChangePreview>> PreviewChange(Guid subscription, Guid plan, CancellationToken ct) =>
        Answers.Of(_client.PostSubscriptionsByIdPlanPreviewsAsync(subscription, new NewPlanOfSubscription { PlanId = plan }, null, ct));

    public Task<Answer<SubscriptionView>> Change(Guid subscription, Guid plan, string key, CancellationToken ct) =>
        Answers.Of(_client.PostSubscriptionsByIdPlanAsync(subscription, new NewPlanOfSubscription { PlanId = plan }, key, null, ct));

    public Task<Answer<object>> CancelSubscription(Guid id, CancellationToken ct) => Answers.Of(_client.PostSubscriptionsByIdCancellationAsync(id, null, null, ct));

    public Task<Answer<object>> ContinueSubscription(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteSubscriptionsByIdCancellationAsync(id, null, ct));

    public Task<Answer<object>> Pause(Guid id, CancellationToken ct) => Answers.Of(_client.PostSubscriptionsByIdPauseAsync(id, null, null, ct));

    public Task<Answer<object>> Resume(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteSubscriptionsByIdPauseAsync(id, null, ct));

    public Task<Answer<object>> Decline(Guid id, CancellationToken ct) => Answers.Of(_client.PostSubscriptionsByIdRefusalAsync(id, null, null, ct));

    public Task<Answer<PageOfInvoiceView>> Invoices(string? after, CancellationToken ct) => Answers.Of(_client.GetInvoicesAsync(20, after, ct));

    public Task<Answer<InvoiceView>> Invoice(Guid id, CancellationToken ct) => Answers.Of(_client.GetInvoicesByIdAsync(id, ct));

    /// <summary>As it came; the generated client reads JSON alone.</summary>
    public Task<HttpResponseMessage> InvoicePdf(Guid id, CancellationToken ct) => http.GetAsync(new Uri($"/invoices/{id}/pdf", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<Answer<Buyer>> BillingDetails(CancellationToken ct) => Answers.Of(_client.GetBillingDetailsAsync(ct));

    public Task<Answer<object>> SetBillingDetails(Buyer details, CancellationToken ct) => Answers.Of(_client.PutBillingDetailsAsync(details, ct));

    public Task<Answer<PageOfReferralView>> Referrals(CancellationToken ct) => Answers.Of(_client.GetReferralsAsync(50, null, ct));

    public Task<Answer<CreatorBalances>> Balance(CancellationToken ct) => Answers.Of(_client.GetPayoutsBalanceAsync(ct));

    public Task<Answer<PageOfPayoutView>> Payouts(CancellationToken ct, string? after = null) => Answers.Of(_client.GetPayoutsAsync(50, after, ct));

    public Task<Answer<PayoutsView>> PreparePayouts(string key, CancellationToken ct) => Answers.Of(_client.PostPayoutsAsync(key, ct));

    public Task<Answer<object>> MarkPaid(Guid payout, string reference, CancellationToken ct) =>
        Answers.Of(_client.PostPayoutsByIdPaymentAsync(payout, new PaidPayout { Reference = reference }, null, ct));

    /// <summary>As it came, for the accountant's program.</summary>
    public Task<HttpResponseMessage> PayoutsAsCsv(CancellationToken ct) => http.GetAsync(new Uri("/payouts/export", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<Answer<TrialBalance>> TrialBalance(DateTimeOffset? asOf, CancellationToken ct) => Answers.Of(_client.GetLedgerTrialBalanceAsync(asOf, ct));

    public Task<Answer<ReconciliationView>> Reconcile(DateOnly? from, DateOnly? to, CancellationToken ct) => Answers.Of(_client.GetReconciliationAsync(from, to, ct));

    public Task<Answer<object>> TakeReport(string gateway, Stream csv, string key, CancellationToken ct) =>
        Answers.Of(_client.PostReconciliationReportsByGatewayAsync(gateway, csv, key, ct));

    public Task<Answer<PageOfCouponView>> Coupons(CancellationToken ct) => Answers.Of(_client.GetCouponsAsync(50, null, ct));

    public Task<Answer<CouponView>> MakeCoupon(NewCoupon coupon, string key, CancellationToken ct) => Answers.Of(_client.PostCouponsAsync(coupon, key, ct));

    public Task<Answer<RefundView>> GiveBack(Guid order, Amount? amount, string reason, string key, CancellationToken ct) =>
        Answers.Of(_client.PostOrdersByIdRefundsAsync(order, new NewRefund { Reason = reason, Amount = amount }, key, null, ct));

    public Task<Answer<OrderView>> TakeOffline(Guid order, string reference, string key, CancellationToken ct) =>
        Answers.Of(_client.PostOrdersByIdOfflinePaymentsAsync(order, new NewOfflinePayment { Reference = reference }, key, ct));

    public Task<Answer<PageOfSentRefundView>> Refunds(bool failedOnly, CancellationToken ct) => Answers.Of(_client.GetRefundsAsync(50, null, failedOnly ? Status.Failed : null, ct));

    public Task<Answer<SentRefundView>> TryRefundAgain(Guid id, CancellationToken ct) => Answers.Of(_client.PostRefundsByIdAttemptsAsync(id, null, ct));

    public Task<Answer<PageOfOwedRefundView>> OwedRefunds(CancellationToken ct) => Answers.Of(_client.GetRefundsOwedAsync(50, null, ct));

    public Task<Answer<SentRefundView>> ReturnOwed(Guid id, CancellationToken ct) => Answers.Of(_client.PostRefundsOwedByIdRefundAsync(id, null, ct));

    public Task<Answer<PageOfChargebackView>> Chargebacks(CancellationToken ct, string? after = null) => Answers.Of(_client.GetChargebacksAsync(50, after, ct));

    private static NewOrder One(Guid product, string? couponCode, Guid? giftTo) =>
        new() { Items = [new NewOrderItem { ProductId = product, Quantity = 1 }], CouponCode = couponCode, GiftTo = giftTo };
}
