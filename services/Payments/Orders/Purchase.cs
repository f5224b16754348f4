using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Marten;

namespace Community.Payments.Orders;

public abstract record PurchaseEvent
{
    private protected PurchaseEvent() { }
}

/// <summary>A content is the member's from now on: another order of it is paid for nothing.</summary>
[EventType("purchase-noted.v1")]
public sealed record PurchaseNoted(Guid MemberId, Guid ProductId, Guid OrderId, DateTimeOffset At) : PurchaseEvent;

/// <summary>All that was paid for it went back.</summary>
[EventType("purchase-ended.v1")]
public sealed record PurchaseEnded(Guid MemberId, Guid ProductId, Guid OrderId, DateTimeOffset At) : PurchaseEvent;

internal abstract record PurchaseCommand(Guid MemberId, Guid ProductId, Guid OrderId, DateTimeOffset At);

internal sealed record NotePurchase(Guid MemberId, Guid ProductId, Guid OrderId, DateTimeOffset At) : PurchaseCommand(MemberId, ProductId, OrderId, At);

internal sealed record EndPurchase(Guid MemberId, Guid ProductId, Guid OrderId, DateTimeOffset At) : PurchaseCommand(MemberId, ProductId, OrderId, At);

/// <summary>One content of one member, which is bought once; of several copies all but one are for others.</summary>
internal sealed record Purchase(Guid? OrderId)
{
    public static readonly Decider<Purchase, PurchaseCommand, PurchaseEvent> Decider = new(new Purchase((Guid?)null), Decide, Evolve);

    /// <summary>Orders that were given back.</summary>
    public ImmutableHashSet<Guid> Ended { get; init; } = [];

    public static Guid Stream(Guid member, Guid product) => StreamId.Of("purchase", $"{member}/{product}");

    private static Decision<PurchaseEvent> Decide(Purchase purchase, PurchaseCommand command) => command switch
    {
        NotePurchase c when purchase.OrderId == c.OrderId || purchase.Ended.Contains(c.OrderId) => Decision.Nothing,
        NotePurchase when purchase.OrderId is not null => new Rejection("content-bought", "It was bought already."),
        NotePurchase c => new PurchaseNoted(c.MemberId, c.ProductId, c.OrderId, c.At),
        EndPurchase c when purchase.OrderId == c.OrderId => new PurchaseEnded(c.MemberId, c.ProductId, c.OrderId, c.At),
        EndPurchase => Decision.Nothing,
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a purchase.")
    };

    private static Purchase Evolve(Purchase purchase, PurchaseEvent @event) => @event switch
    {
        PurchaseNoted e => purchase with { OrderId = e.OrderId },
        PurchaseEnded e => new Purchase((Guid?)null) { Ended = purchase.Ended.Add(e.OrderId) },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a purchase.")
    };
}

/// <summary>What is the member's already is not ordered again.</summary>
internal sealed class BoughtOnce(IDocumentStore store) : IOrderRule
{
    public async Task<Rejection?> Refuse(OrderLine line, Guid member, CancellationToken ct) =>
        line.IsOneContent() && (await store.Load(Purchase.Decider, Purchase.Stream(member, line.ProductId), null, ct)).State.OrderId is not null
            ? new Rejection("content-bought", $"You have bought {line.Name} already.")
            : null;
}
