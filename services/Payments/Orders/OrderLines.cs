namespace Community.Payments.Orders;

internal static class OrderLines
{
    /// <summary>What subscriptions take and give: earned day by day, not when it is paid.</summary>
    public static bool IsOfSubscription(this OrderLine line) => line.Kind is "plan" or "gift" or "renewal" or "change";

    /// <summary>For the buyer alone; of several copies all but one are for others.</summary>
    public static bool IsOneContent(this OrderLine line) => line is { Kind: "content", Quantity: 1 };

    /// <summary>What each line brings of what was paid for all of them: a discount is spread over them by their prices.</summary>
    public static IReadOnlyList<Money> Net(this OrderLine[] lines, Money paid) =>
        paid.Split([.. lines.Select(line => line.Price.Amount * line.Quantity)]);
}
