namespace Community.Messaging;

/// <summary>One consumer's queue, and the facts that it lives by.</summary>
internal sealed record Consumption(Type Consumer, string Queue, IReadOnlyList<Type> Contracts)
{
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the past has been consumed; the live queue, bound before, waits for it.</summary>
    public Task CaughtUp => _caughtUp.Task;

    public void Begin() => _caughtUp.TrySetResult();
}
