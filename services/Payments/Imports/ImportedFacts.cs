using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Community.EventStore;
using Community.ServiceDefaults;
using Community.Web;

namespace Community.Payments.Imports;

/// <summary>What an order was for: a plan that it began, one that it renewed or changed to, or a content.</summary>
internal enum ImportedLine
{
    Plan,
    Renewal,
    Change,
    Content
}

/// <summary>How a subscription goes on when its last period is over.</summary>
internal enum ImportedRenewal
{
    /// <summary>It ends.</summary>
    Never,

    /// <summary>The member is asked to pay the next period, and is not charged.</summary>
    Asked,

    /// <summary>The sandbox charges it: for trying the system out.</summary>
    Sandbox
}

internal enum ImportedEnding
{
    Cancelled,
    Expired
}

/// <param name="Id">Of what was ordered: a plan, or a content.</param>
/// <param name="SubscriptionId">That is renewed or changed: the order that began it.</param>
/// <param name="Name">As it was called.</param>
internal sealed record ImportedItem(ImportedLine Kind, Guid Id, string Name, Guid? SubscriptionId = null);

/// <param name="Gateway">That holds the money.</param>
/// <param name="Receipt">The gateway's own number.</param>
internal sealed record ImportedReceipt(string Gateway, string Receipt);

/// <summary>A paid order of one item.</summary>
/// <param name="Amount">What was paid, and what the item cost.</param>
/// <param name="At">When it was paid.</param>
/// <param name="RefundedAt">When all of it was given back.</param>
/// <param name="SharesOwed">Whether the creator's share is still to be given.</param>
internal sealed partial record ImportedOrder(
    Guid OrderId, Guid MemberId, ImportedItem Item, Money Amount, ImportedReceipt Paid, DateTimeOffset At, DateTimeOffset? RefundedAt = null,
    decimal? TaxPercent = null, bool SharesOwed = false) : IImported
{
    Guid IImported.Id => OrderId;

    public Rejection? Fault(DateTimeOffset now) =>
        OrderId == Guid.Empty || MemberId == Guid.Empty || Item is null || Item.Id == Guid.Empty || Item.SubscriptionId == Guid.Empty
            ? ImportedFacts.Invalid("orderId, memberId and item.id must be there, and not all zeros.")
        : ImportedFacts.IsNoInstant(At, now) || (RefundedAt is { } back && (back < At || back > now)) ? ImportedFacts.Invalid("at must lie between 1970 and now, and refundedAt after it.")
        : Amount is null || Amount.Amount is < 1 or > Money.Most || !Currencies.Knows(Amount.Currency) ? ImportedFacts.Invalid("amount must be at least one minor unit of a known currency.")
        : Text.Fault(Item.Name, 200) is not null ? ImportedFacts.Invalid("item.name must have 1 to 200 characters.")
        : Paid is not { Gateway: { } gateway, Receipt: { } receipt } || !GatewayName().IsMatch(gateway) || receipt.Length is 0 or > 200 || receipt.Any(char.IsControl)
            ? ImportedFacts.Invalid("paid must name the gateway, in small letters, and the receipt.")
        : TaxPercent is < 0 or > 100 ? ImportedFacts.Invalid("taxPercent must lie between 0 and 100.")
        : (Item.Kind is ImportedLine.Renewal or ImportedLine.Change) != (Item.SubscriptionId is not null)
            ? ImportedFacts.Invalid("item.subscriptionId stands with renewals and changes, and with nothing else.")
        : null;

    [GeneratedRegex("^[a-z][a-z0-9-]{0,29}$")]
    private static partial Regex GatewayName();
}

/// <summary>A subscription by the orders that paid for it.</summary>
/// <param name="SubscriptionId">The id of the first of its orders.</param>
/// <param name="Orders">In the order of time: what began it, then its renewals and changes; all of them imported before.</param>
/// <param name="EndedAt">Null: it ran on to the end of what was paid, or runs still.</param>
internal sealed record ImportedSubscription(
    Guid SubscriptionId, Guid MemberId, IReadOnlyList<Guid> Orders, ImportedRenewal Renewal, DateTimeOffset? EndedAt = null, ImportedEnding Ending = ImportedEnding.Cancelled)
    : IImported
{
    public const int MostOrders = 120;

    Guid IImported.Id => SubscriptionId;

    // Each of its steps has its own.
    DateTimeOffset IImported.At => default;

    public Rejection? Fault(DateTimeOffset now) =>
        SubscriptionId == Guid.Empty || MemberId == Guid.Empty ? ImportedFacts.Invalid("subscriptionId and memberId must not be all zeros.")
        : Orders is not { Count: > 0 and <= MostOrders } || Orders[0] != SubscriptionId || Orders.Distinct().Count() != Orders.Count
            ? ImportedFacts.Invalid($"orders must be 1 to {MostOrders}, each once, the first of them with the id of the subscription.")
        : EndedAt is { } ended && ImportedFacts.IsNoInstant(ended, now) ? ImportedFacts.Invalid("endedAt must lie between 1970 and now.")
        : null;
}

internal static class ImportedFacts
{
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <exception cref="InvalidParameter">It is no batch.</exception>
    public static void Check<TItem>(this BulkImport<TItem> import) where TItem : class, IImported
    {
        if (import.Items is not { Count: >= 1 and <= 500 })
        {
            throw new InvalidParameter("items", "must be from 1 to 500");
        }

        if (import.Items.Any(item => item is null))
        {
            throw new InvalidParameter("items", "must not be null");
        }
    }

    public static bool IsNoInstant(DateTimeOffset at, DateTimeOffset now) => at < Earliest || at > now;

    public static Rejection Invalid(string detail) => new("invalid", detail);
}
