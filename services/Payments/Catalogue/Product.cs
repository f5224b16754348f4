using System.Diagnostics;
using Community.EventStore;
using Community.ServiceDefaults;

namespace Community.Payments.Catalogue;

public abstract record ProductEvent
{
    private protected ProductEvent() { }
}

/// <param name="Kind">What <paramref name="SubjectId"/> is: <c>content</c>.</param>
[EventType("product-offered.v2")]
public sealed record ProductOffered(string Kind, Guid SubjectId, string Name, Money Price, DateTimeOffset At) : ProductEvent
{
    /// <summary>Who gets a share of what it brings; null: nobody.</summary>
    public Guid? CreatorId { get; init; }
}

[EventType("product-offered.v1")]
public sealed record ProductOfferedV1(string Kind, Guid SubjectId, string Name, Money Price, DateTimeOffset At) : IFormerEvent<ProductOffered>
{
    public ProductOffered Upcast() => new(Kind, SubjectId, Name, Price, At);
}

[EventType("product-withdrawn.v1")]
public sealed record ProductWithdrawn(DateTimeOffset At) : ProductEvent;

internal abstract record ProductCommand;

/// <param name="At">When the owner of the subject said so: the latest word holds, in whatever order the words arrive.</param>
internal sealed record OfferProduct(string Kind, Guid SubjectId, string Name, Money Price, DateTimeOffset At) : ProductCommand
{
    public Guid? CreatorId { get; init; }
}

/// <param name="At">As in <see cref="OfferProduct"/>; of two words at one instant the withdrawal holds.</param>
internal sealed record WithdrawProduct(DateTimeOffset At) : ProductCommand;

/// <summary>Something with a price, known from what its owner says about it.</summary>
internal abstract record Product
{
    public static readonly Decider<Product, ProductCommand, ProductEvent> Decider = new(new NeverHeardOf(), Decide, Evolve);

    /// <summary>Also after it was withdrawn: what was bought before may still be refunded.</summary>
    public Guid? CreatorId { get; init; }

    // Not the subject's own id, which somebody may well ask for as an order's.
    public static Guid Stream(Guid productId) => StreamId.Of("product", productId);

    private static Decision<ProductEvent> Decide(Product product, ProductCommand command) => (product, command) switch
    {
        (_, OfferProduct c) when c.Price.Amount is < 1 or > Money.Most || !Currencies.Knows(c.Price.Currency) =>
            new Rejection("price-not-possible", $"{c.Price} is no price."),
        (Withdrawn p, OfferProduct c) when c.At <= p.Since => Decision.Nothing,
        (Offered p, OfferProduct c) when c.At <= p.Since => Decision.Nothing,
        (_, OfferProduct c) => new ProductOffered(c.Kind, c.SubjectId, c.Name, c.Price, c.At) { CreatorId = c.CreatorId },
        (Withdrawn p, WithdrawProduct c) when c.At <= p.Since => Decision.Nothing,
        (Offered p, WithdrawProduct c) when c.At < p.Since => Decision.Nothing,
        (_, WithdrawProduct c) => new ProductWithdrawn(c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is no command of a product.")
    };

    private static Product Evolve(Product product, ProductEvent @event) => @event switch
    {
        ProductOffered e => new Offered(e.At) { CreatorId = e.CreatorId },
        ProductWithdrawn e => new Withdrawn(e.At) { CreatorId = product.CreatorId },
        _ => throw new UnreachableException($"{@event.GetType().Name} is no event of a product.")
    };
}

internal sealed record NeverHeardOf : Product;

internal sealed record Offered(DateTimeOffset Since) : Product;

internal sealed record Withdrawn(DateTimeOffset Since) : Product;
