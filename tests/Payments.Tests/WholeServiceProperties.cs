using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Content.Contracts;
using Community.Membership.Contracts;
using Community.Payments.Catalogue;
using Community.Payments.Chargebacks;
using Community.Payments.Creators;
using Community.Payments.Gateways;
using Community.Payments.Invoices;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Payments.Subscriptions;
using Community.Payments.Tests.Subscriptions;
using Community.Testing;
using FsCheck;
using FsCheck.Fluent;
using JasperFx.Events;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Payments.Tests;

/// <summary>
/// The whole service on real servers, by HTTP and signed webhooks alone: any sequence of what members and operators do, with
/// what the gateway tells late, repeated, and in any order, while weeks go by.
/// </summary>
public sealed class WholeServiceProperties(PaymentsService payments)
{
    private const int CouponUses = 2;
    private const int SharePercent = 60;
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly Arbitrary<Step[]> Stories = (
        from kind in Gen.Frequency(
            (4, Gen.Constant(Kind.Order)), (4, Gen.Constant(Kind.Start)), (6, Gen.Constant(Kind.Notify)), (8, Gen.Constant(Kind.Deliver)), (1, Gen.Constant(Kind.Cancel)),
            (2, Gen.Constant(Kind.Refund)), (3, Gen.Constant(Kind.Subscription)), (2, Gen.Constant(Kind.Time)), (2, Gen.Constant(Kind.Cash)), (2, Gen.Constant(Kind.Dispute)),
            (1, Gen.Constant(Kind.Try)), (1, Gen.Constant(Kind.Grant)), (1, Gen.Constant(Kind.PayOut)))
        from a in Gen.Choose(0, 1000)
        from b in Gen.Choose(0, 1000)
        select new Step(kind, a, b)).ArrayOf(150).ToArbitrary();

    private enum Kind { Order, Start, Notify, Deliver, Cancel, Refund, Subscription, Time, Cash, Dispute, Try, Grant, PayOut }

    [Fact]
    public async Task Whatever_happens_the_ledger_the_entitlements_the_coupons_and_the_invoices_agree_with_the_money()
    {
        var clock = new MovedClock();
        var broker = await Servers.CreateVirtualHost("payments");
        await using var others = await Neighbour.Start(broker, ["content", "membership", "incentives"]);
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer,
            new Dictionary<string, string?>
            {
                ["Gateways:Sandbox:Secret"] = PaymentsService.Secret,
                ["Tax:Percent"] = "6",
                ["RevenueShare:Percent"] = $"{SharePercent}",
                ["RevenueShare:HoldDays"] = "1"
            },
            messaging: broker,
            configure: services => services.AddSingleton<TimeProvider>(clock));
        var world = await World.Make(host, payments.Issuer, others, clock);

        // FsCheck tells the seed of a story that fails; to shrink one takes too long here.
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2).Seeded(), Prop.ForAll(Stories, story => world.Live(story).GetAwaiter().GetResult()));
        TestContext.Current.SendDiagnosticMessage(await world.WhatHappened());
    }

    private sealed record Step(Kind Kind, int A, int B);

    private sealed class World(ServiceHost<Program> host, MovedClock clock, HttpClient staff, (Guid Id, HttpClient Http)[] members, Guid[] products)
    {
        // Of the products: two that renew, one for good, a pass, one that can be tried, and what a creator sells.
        private const int Renewing = 2;
        private const int Tried = 4;
        private const int Sold = 5;
        private readonly List<(HttpClient Member, Guid Id, long Total, List<Guid> Payments)> _orders = [];
        private readonly List<string> _bag = [];
        private readonly List<(HttpClient Member, Guid Id)> _subscriptions = [];
        private readonly HashSet<string> _told = [];

        public static async Task<World> Make(ServiceHost<Program> host, Issuer issuer, Neighbour content, MovedClock clock)
        {
            HttpClient Person(Guid id, params string[] roles) => host.Client(issuer.Token(id, roles, [], TimeSpan.FromDays(4000)));
            var staff = Person(PaymentsService.New(), "operator");
            var products = new List<Guid>();

            foreach (var (price, interval, days, trialDays) in new (int, string, int?, int?)[] { (3_000, "month", null, null), (9_901, "month", null, null), (50_001, "once", null, null), (4_999, "once", 30, null), (3_301, "month", null, 7) })
            {
                using var plan = await staff.PostAsJsonAsync(
                    "/plans", new { name = $"Plan {price}", tier = trialDays is null ? "gold" : "silver", price = new { amount = price, currency = "CNY" }, interval, days, trialDays });
                products.Add((await plan.Body(HttpStatusCode.Created)).Id("planId"));
            }

            products.Add(PaymentsService.New());
            await content.Publish(PaymentsService.New(), new ContentPublished(products[^1], PaymentsService.New(), "A talk", "Shopping", "video", 4, new Price(2_501, "CNY"), PaymentsService.Now));
            await Eventually.Value(() => staff.GetAsync($"/products/{products[^1]}"), answer => answer.IsSuccessStatusCode, "the talk");
            using var coupon = await staff.PostAsJsonAsync("/coupons", new { code = "THIRD", percentOff = 33, maxUses = CouponUses, maxUsesPerMember = 1, duration = "months", months = 2 });
            await coupon.Body(HttpStatusCode.Created);

            (Guid Id, HttpClient Http)[] members = [.. Enumerable.Range(0, 4).Select(_ => PaymentsService.New()).Select(id => (id, Person(id, "member")))];

            foreach (var (member, _) in members)
            {
                await content.Publish(PaymentsService.New(), new MemberJoined(member, PaymentsService.Now, Imported: false));
                await Eventually.Value(
                    () => staff.PostAsJsonAsync("/orders/previews", new { items = new[] { new { productId = products[0], quantity = 1 } }, giftTo = member }),
                    answer => answer.IsSuccessStatusCode, "a member to be known");
            }

            return new World(host, clock, staff, members, [.. products]);
        }

        public async Task Live(Step[] story)
        {
            foreach (var step in story)
            {
                await Do(step);
            }

            // Whatever is still under way arrives, and all of it once more.
            foreach (var notification in _bag.Concat(_bag).ToList())
            {
                await Deliver(notification);
            }

            await Agrees();
        }

        private async Task Do(Step step)
        {
            var order = _orders.Count > 0 ? _orders[step.A % _orders.Count] : default;

            switch (step.Kind)
            {
                case Kind.Order:
                    var product = products[step.B % products.Length];
                    var other = step.A % 7 == 0 && product != products[Sold] ? members[(step.A + 1) % members.Length] : default((Guid Id, HttpClient Http)?);
                    using (var placed = await members[step.A % members.Length].Http.PostAsJsonAsync(
                        "/orders", new
                        {
                            items = new[] { new { productId = product, quantity = 1 } },
                            couponCode = step.B / 7 % 3 == 0 ? "third" : null,
                            giftTo = other?.Id
                        }))
                    {
                        if (Taken(placed))
                        {
                            var body = await placed.Body(HttpStatusCode.Created);
                            _orders.Add((members[step.A % members.Length].Http, body.Id("orderId"), body["total"]!["amount"]!.GetValue<long>(), []));
                            _subscriptions.Add((other?.Http ?? members[step.A % members.Length].Http, body.Id("orderId")));
                        }
                    }

                    break;

                case Kind.Start when order.Member is not null:
                    using (var started = await order.Member.PostAsJsonAsync($"/orders/{order.Id}/payments", new { gateway = "sandbox" }))
                    {
                        if (Taken(started))
                        {
                            order.Payments.Add((await started.Body(HttpStatusCode.Created)).Id("paymentId"));
                        }
                    }

                    break;

                case Kind.Notify when order.Member is not null:
                    var payment = order.Payments.Count > 0 ? order.Payments[step.B % order.Payments.Count] : PaymentsService.New();
                    var (outcome, amount) = (step.B % 5 == 0 ? "failed" : "paid", step.B % 7 == 0 ? order.Total + 1 : order.Total);
                    _bag.Add(JsonSerializer.Serialize(PaymentsService.Notification(order.Id, payment, $"receipt {payment} {step.B % 2}", amount, "CNY", outcome)));
                    break;

                case Kind.Deliver when _bag.Count > 0:
                    await Deliver(_bag[step.A % _bag.Count]);
                    break;

                case Kind.Cancel when order.Member is not null:
                    Taken(await order.Member.PostAsync($"/orders/{order.Id}/cancellation", null));
                    break;

                case Kind.Refund when order.Member is not null:
                    Taken(await staff.PostAsJsonAsync(
                        $"/orders/{await AnyOf(order.Member, step)}/refunds", new { reason = "Broken", amount = step.B % 2 == 0 ? null : new { amount = 1 + step.B, currency = "CNY" } }));
                    break;

                case Kind.Subscription when _subscriptions.Count > 0:
                    var (theirs, id) = _subscriptions[step.A % _subscriptions.Count];
                    Taken(await ((step.B % 8) switch
                    {
                        0 => theirs.PostAsync($"/subscriptions/{id}/cancellation", null),
                        1 => theirs.DeleteAsync($"/subscriptions/{id}/cancellation"),
                        2 => theirs.PostAsync($"/subscriptions/{id}/pause", null),
                        3 => theirs.DeleteAsync($"/subscriptions/{id}/pause"),
                        4 when step.A % 5 == 0 => staff.DeleteAsync($"/subscriptions/{id}"),
                        7 => theirs.PostAsync($"/subscriptions/{id}/refusal", null),
                        _ => theirs.PostAsJsonAsync($"/subscriptions/{id}/plan", new { planId = products[step.A % Renewing] })
                    }));
                    break;

                case Kind.Cash when order.Member is not null:
                    Taken(await staff.PostAsJsonAsync(
                        $"/orders/{await AnyOf(order.Member, step)}/offline-payments",
                        new { reference = $"cash {step.B % 12}", amount = step.B % 5 == 0 ? new { amount = 1 + step.B, currency = "CNY" } : null }));
                    break;

                case Kind.Dispute when _bag.Where(told => told.Contains("\"paid\"", StringComparison.Ordinal)).ToList() is { Count: > 0 } came:
                    var disputed = JsonNode.Parse(came[step.A % came.Count])!;
                    disputed["outcome"] = new[] { "chargeback", "chargebackWon", "chargebackLost" }[step.B % 3];
                    _bag.Add(disputed.ToJsonString());
                    break;

                case Kind.Try:
                    var trying = members[step.A % members.Length].Http;
                    using (var tried = await trying.PostAsJsonAsync("/subscriptions", new { planId = products[Tried] }))
                    {
                        if (Taken(tried))
                        {
                            _subscriptions.Add((trying, (await tried.Body(HttpStatusCode.Created)).Id("subscriptionId")));
                        }
                    }

                    break;

                case Kind.Grant:
                    var (lucky, http) = members[step.A % members.Length];
                    using (var granted = await staff.PostAsJsonAsync(
                        "/subscriptions/complimentary",
                        new { memberId = lucky, planId = products[step.B % Sold], until = step.B % 4 == 0 ? (DateTimeOffset?)null : clock.GetUtcNow().AddHours(1 + step.B) }))
                    {
                        _subscriptions.Add((http, (await granted.Body(HttpStatusCode.Created)).Id("subscriptionId")));
                    }

                    break;

                case Kind.PayOut:
                    using (var prepared = await staff.PostAsync("/payouts", null))
                    {
                        foreach (var payout in (await prepared.Body(HttpStatusCode.OK))["items"]!.AsArray().Where(_ => step.B % 2 == 0))
                        {
                            Taken(await staff.PostAsJsonAsync($"/payouts/{payout.Id("payoutId")}/payment", new { reference = $"transfer {step.A}" }));
                        }
                    }

                    break;

                case Kind.Time:
                    var weeks = step.A % 3 == 0;
                    clock.Move(clock.GetUtcNow().AddHours(weeks ? step.B : step.B / 50.0));

                    if (weeks)
                    {
                        await NothingIsDue();
                    }

                    break;
            }
        }

        // Also a renewal or a change, which nobody has placed.
        private static async Task<Guid> AnyOf(HttpClient member, Step step)
        {
            // The list follows the log a moment later.
            var theirs = await Eventually.Value(
                async () =>
                {
                    using var listed = await member.GetAsync("/orders");

                    return (await listed.Body(HttpStatusCode.OK))["items"]!.AsArray();
                },
                orders => orders.Count > 0, "an order in the list");

            return theirs[step.A % theirs.Count]!.Id("orderId");
        }

        private Task NothingIsDue() => Eventually.Value(
            async () =>
            {
                await using var session = host.Services.GetRequiredService<IDocumentStore>().QuerySession();
                var now = clock.GetUtcNow();

                return await session.Query<SubscriptionInList>().CountAsync(s => s.DueAt <= now, None)
                    + await session.Query<OrderInList>().CountAsync(o => o.ChargeDueAt <= now, None);
            },
            due => due == 0, "what is due to be done");

        // Refused for a reason is fine; failing is not.
        private static bool Taken(HttpResponseMessage answer)
        {
            Assert.True((int)answer.StatusCode < 500 && answer.StatusCode is not (HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden), $"{answer.RequestMessage}: {answer.StatusCode}");

            return answer.IsSuccessStatusCode;
        }

        private async Task Deliver(string notification)
        {
            var time = clock.GetUtcNow().ToUnixTimeSeconds();
            var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(PaymentsService.Secret), Encoding.UTF8.GetBytes($"{time}.{notification}"));
            using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/sandbox") { Content = new StringContent(notification, Encoding.UTF8, "application/json") };
            request.Headers.Add("Sandbox-Signature", $"t={time},v1={Convert.ToHexStringLower(signature)}");
            using var http = host.Client();
            using var answer = await http.SendAsync(request);
            var node = JsonNode.Parse(notification)!;

            // Told before what it is about, a chargeback is refused, and comes again.
            Assert.True(
                answer.StatusCode == HttpStatusCode.NoContent
                    || (answer.StatusCode == HttpStatusCode.Conflict && node.Text("outcome").StartsWith("chargeback", StringComparison.Ordinal)),
                $"{answer.StatusCode} to {notification}");

            if (node.Text("outcome") == "paid")
            {
                _told.Add($"{node.Text("orderId")} {node.Text("receipt")}");
            }
        }

        public async Task<string> WhatHappened()
        {
            await using var session = host.Services.GetRequiredService<IDocumentStore>().QuerySession();
            var kinds = (await session.Events.QueryAllRawEvents().ToListAsync(None)).CountBy(e => e.EventTypeName).OrderBy(kind => kind.Key);

            return string.Join(", ", kinds.Select(kind => $"{kind.Value} {kind.Key}"));
        }

        private Task Agrees() => Eventually.Value(Fault, fault => fault.Length == 0, "all to agree");

        private async Task<string> Fault()
        {
            await using var session = host.Services.GetRequiredService<IDocumentStore>().QuerySession();
            var log = (await session.Events.QueryAllRawEvents().OrderBy(e => e.Sequence).ToListAsync(None)).ToList();
            var data = log.Select(e => e.Data).ToList();
            var reconciliation = await Read("/reconciliation");

            // What went back twice is named, and nothing else.
            var differences = reconciliation["differences"]!.AsArray();
            string[] named = [.. differences.Where(d => d.Text("kind") == "paidOutTwice").Select(d => d.Text("subject")).Order()];

            if (named.Length < differences.Count || !named.SequenceEqual(PaidOutTwice(log)))
            {
                return $"differences: {differences.ToJsonString()}, and paid out twice {string.Join(", ", PaidOutTwice(log))}";
            }

            // No money vanishes and none comes twice: each receipt that was told is in the log once.
            var kept = log.Where(e => e.Data is OrderPaid or RefundOwed)
                .Select(e => $"{e.StreamId} {(e.Data is OrderPaid paid ? paid.Receipt : ((RefundOwed)e.Data).Receipt).Number}").ToList();
            Assert.Equal(kept.Count, kept.Distinct().Count());
            Assert.Empty(_told.Except(kept));

            // Nor does it pay two orders.
            Assert.All(
                log.Where(e => e.Data is OrderPaid { Receipt.Gateway: "offline" } or RefundOwed { Receipt.Gateway: "offline" })
                    .GroupBy(e => (e.Data is OrderPaid paid ? paid.Receipt : ((RefundOwed)e.Data).Receipt).Number),
                reference => Assert.Single(reference));
            NothingDisputedIsSent(log);
            var (sandbox, cash) = (HeldBy("sandbox", data), HeldBy("offline", data));

            foreach (var at in log.Where((_, i) => i % 23 == 0).Select(e => e.Timestamp).Append(clock.GetUtcNow()))
            {
                var shown = await Read($"/ledger/trial-balance?asOf={Uri.EscapeDataString(at.UtcDateTime.ToString("O"))}");
                var accounts = shown["accounts"]!.AsArray().ToDictionary(a => a.Text("account"), a => a!["debit"]!.GetValue<long>() - a["credit"]!.GetValue<long>());
                var replayed = Replayed([.. log.Where(e => e.Timestamp <= at)], at);

                if (!shown["balanced"]!.GetValue<bool>() || !replayed.OrderBy(a => a.Key).SequenceEqual(accounts.Where(a => a.Value != 0).OrderBy(a => a.Key)))
                {
                    return $"at {at:O} the ledger is {shown.ToJsonString()}, and by the log {JsonSerializer.Serialize(replayed)}";
                }

                if (at > log[^1].Timestamp && (accounts.GetValueOrDefault("gateway:sandbox"), accounts.GetValueOrDefault("gateway:offline")) != (sandbox, cash))
                {
                    return $"the gateway holds {accounts.GetValueOrDefault("gateway:sandbox")} of {sandbox}, the till {accounts.GetValueOrDefault("gateway:offline")} of {cash}";
                }

                if (at > log[^1].Timestamp && -accounts.GetValueOrDefault("payable:creators") != OwedToCreators(log))
                {
                    return $"creators are owed {-accounts.GetValueOrDefault("payable:creators")} instead of {OwedToCreators(log)}";
                }
            }

            // What is paid for is there, unless all of it went back.
            var started = data.OfType<SubscriptionStarted>().ToList();
            Assert.Equal(started.Count, started.DistinctBy(e => e.SubscriptionId).Count());
            var begun = started.Where(e => e.OrderId is not null).Select(e => e.SubscriptionId).ToHashSet();
            var paidFor = log.Where(e => e.Data is OrderPaid paid && paid.Lines.Any(line => line.Kind is "plan" or "gift")).Select(e => e.StreamId).ToHashSet();
            Assert.Subset(paidFor, begun);
            var served = begun.Concat(data.OfType<SubscriptionRenewed>().Select(e => e.OrderId).OfType<Guid>()).Concat(data.OfType<PaymentNotNeeded>().Select(e => e.OrderId)).ToHashSet();
            var uses = new Dictionary<Guid, Guid>();

            foreach (var e in data)
            {
                _ = e switch
                {
                    CouponUseReserved r => uses.TryAdd(r.OrderId, r.MemberId),
                    CouponUseReleased r => uses.Remove(r.OrderId),
                    _ => true
                };
                Assert.True(uses.Count <= CouponUses && uses.Values.Distinct().Count() == uses.Count, "The coupon was used more often than it may be.");
            }

            var invoices = data.OfType<InvoiceIssued>().ToList();

            foreach (var year in invoices.GroupBy(i => i.Year))
            {
                Assert.Equal(Enumerable.Range(1, year.Count()), year.Select(i => i.Number).Order());
            }

            var money = data.Count(e => e is OrderPaid { Amount.Amount: > 0 } or OrderRefunded);

            var wholly = log.Where(e => e.Data is OrderRefunded { Whole: true }).Select(e => e.StreamId).ToHashSet();
            var unpaid = log.Where(e => e.Data is SubscriptionEvent).GroupBy(e => e.StreamId).Select(g => g.Select(e => e.Data).ToList())
                .Where(life => !life.OfType<SubscriptionEnded>().Any()
                    && (life.OfType<SubscriptionRenewed>().Select(e => e.OrderId).LastOrDefault() ?? ((SubscriptionStarted)life[0]).OrderId) is { } payer && wholly.Contains(payer));

            // Nobody pays twice for a tier, nor is asked by a trial of what is paid for.
            var lives = log.Where(e => e.Data is SubscriptionEvent).GroupBy(e => e.StreamId)
                .Select(g => g.Aggregate(Subscription.Decider.Initial, (s, e) => Subscription.Decider.Evolve(s, (SubscriptionEvent)e.Data))).OfType<Live>().ToList();
            var twice = lives.Where(s => s is { Renews: true, Cancelled: false }).GroupBy(s => (s.MemberId, s.Terms.Tier)).Where(g => g.Count() > 1).ToList();

            return !served.IsSupersetOf(paidFor) ? "a subscription is missing"
                : twice.Count > 0 ? $"one tier by several subscriptions: {string.Join("; ", twice.SelectMany(g => g.Select(s => $"{s.MemberId} {s.Terms.Tier} {s.SubscriptionId} {s.Source}")))}"
                : unpaid.Any() ? "a subscription goes on whose money went back" : invoices.Count != money ? $"{invoices.Count} invoices for {money} movements of money" : "";
        }

        private static string[] PaidOutTwice(List<IEvent> log)
        {
            var left = new Dictionary<Receipt, long>();
            var orders = new Dictionary<Receipt, Guid>();
            var paidBy = new Dictionary<Guid, Receipt>();

            foreach (var e in log)
            {
                _ = e.Data switch
                {
                    OrderPaid m => Came(e.StreamId, paidBy[e.StreamId] = m.Receipt, m.Amount),
                    RefundOwed m => Came(e.StreamId, m.Receipt, m.Amount),
                    OrderRefunded { Dispute: null } m => left[paidBy[e.StreamId]] -= m.Amount.Amount,
                    OwedMoneyReturned m => left[m.Receipt] -= m.Amount.Amount,
                    ChargebackOpened m => left[m.Receipt] -= m.Amount.Amount,
                    ChargebackClosed { Won: true, Taken: { } taken } m => left[m.Receipt] += taken.Amount,
                    ChargebackClosed { Won: false, Taken: null } m => left[m.Receipt] -= m.Amount.Amount,
                    _ => 0
                };
            }

            return [.. left.Where(receipt => receipt.Value < 0).Select(receipt => orders[receipt.Key].ToString()).Order()];

            long Came(Guid order, Receipt receipt, Money amount)
            {
                orders[receipt] = order;

                return left[receipt] = amount.Amount;
            }
        }

        private static void NothingDisputedIsSent(List<IEvent> log)
        {
            foreach (var order in log.Where(e => e.Data is OrderEvent).GroupBy(e => e.StreamId))
            {
                var open = new Dictionary<string, Receipt>();

                foreach (var e in order.Select(e => e.Data))
                {
                    switch (e)
                    {
                        case PaymentDisputed d:
                            open.Add(d.Number, d.Receipt);
                            break;
                        case DisputeClosed d:
                            open.Remove(d.Number);
                            break;
                        case OrderRefunded { Dispute: null }:
                            Assert.DoesNotContain(order.Select(past => past.Data).OfType<OrderPaid>().Single().Receipt, open.Values);
                            break;
                        case OwedMoneyReturned r:
                            Assert.DoesNotContain(r.Receipt, open.Values);
                            break;
                    }
                }
            }
        }

        private static long HeldBy(string gateway, List<object> data) => data.Sum(e => e switch
        {
            OrderPaid m when m.Receipt.Gateway == gateway => m.Amount.Amount,
            RefundOwed m when m.Receipt.Gateway == gateway => m.Amount.Amount,
            OrderRefunded { Dispute: null } m when m.Gateway == gateway => -m.Amount.Amount,
            OwedMoneyReturned m when m.Receipt.Gateway == gateway => -m.Amount.Amount,
            ChargebackOpened m when m.Receipt.Gateway == gateway => -m.Amount.Amount,
            ChargebackClosed { Won: true, Taken: { } taken } m when m.Receipt.Gateway == gateway => taken.Amount,
            ChargebackClosed { Won: false, Taken: null } m when m.Receipt.Gateway == gateway => -m.Amount.Amount,
            _ => 0
        });

        // Of each talk that was sold its part, without that of what went back, each rounded down; less what was paid out.
        private long OwedToCreators(List<IEvent> log) => -log.Sum(e => e.Data is PayoutPaid paid ? paid.Amount.Amount : 0)
            + log.Where(e => e.Data is OrderPaid paid && paid.Lines[0].ProductId == products[Sold]).Sum(e =>
            {
                var (paid, back) = (((OrderPaid)e.Data).Amount.Amount, log.Where(b => b.StreamId == e.StreamId).Select(b => b.Data).OfType<OrderRefunded>().ToList());
                var earned = paid * SharePercent / 100;

                return back.Any(b => b.Whole) ? 0 : earned - back.Sum(b => earned * b.Amount.Amount / paid);
            });

        // By the movements and the earnings as the events say them, one subscription after the other: not by the service's SQL.
        private static Dictionary<string, long> Replayed(List<IEvent> log, DateTimeOffset at)
        {
            var accounts = new Dictionary<string, long>();

            foreach (var posting in log.SelectMany(e => Movements.Of(e.Data)))
            {
                Add(posting.Account, posting.Debit - posting.Credit);
            }

            foreach (var stream in log.Where(e => e.Data is SubscriptionEvent).GroupBy(e => e.StreamId))
            {
                Earning? running = null;

                foreach (var e in stream)
                {
                    if (Movements.StopsAt(e.Data) is { } stop)
                    {
                        Earn(running?.EarnedBy(stop).Amount ?? 0);
                        running = null;
                    }

                    running = Movements.EarningOf(e.Data) ?? running;
                }

                Earn(running?.EarnedBy(at).Amount ?? 0);
            }

            return accounts.Where(a => a.Value != 0).ToDictionary();

            void Earn(long amount)
            {
                Add(Movements.DeferredRevenue, amount);
                Add(Movements.SubscriptionRevenue, -amount);
            }

            void Add(string account, long amount) => accounts[account] = accounts.GetValueOrDefault(account) + amount;
        }

        private async Task<JsonNode> Read(string address) => await (await staff.GetAsync(address)).Body(HttpStatusCode.OK);
    }
}
