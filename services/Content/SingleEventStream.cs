namespace Community.Content;

/// <summary>
/// A stream of a single fact: a view, a comment, a reply. There is nothing to decide about it but that it is said once:
/// the same again is nothing, something else under its id is refused.
/// </summary>
internal static class SingleEventStream
{
    /// <param name="same">Whether a repeat, which may come at another instant, says the same.</param>
    public static Decider<TFact?, TFact, TFact> Decider<TFact>(Func<TFact, TFact, bool> same) where TFact : class => new(
        null,
        (known, fact) => known is null ? fact : same(known, fact) ? Decision.Nothing : AlreadyDifferent,
        (_, fact) => fact);

    public static readonly Rejection AlreadyDifferent = new("already-different", "There is something else under this id.");
}
