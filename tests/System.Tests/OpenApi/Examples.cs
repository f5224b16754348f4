namespace Community.SystemTests.OpenApi;

/// <summary>What was called of an operation, and what the calls do not show of it.</summary>
/// <param name="MaySucceed">False where it cannot here: nobody could show it.</param>
internal sealed record Examples(string Service, Operation Operation, IReadOnlyCollection<(int Status, bool EmptyList)> Calls, bool MaySucceed = true)
{
    public IEnumerable<string> Gaps()
    {
        var name = $"{Service} {Operation.Method} {Operation.Path}";

        if (MaySucceed && !Calls.Any(call => call.Status < 300))
            yield return $"{name} has no example that succeeds";
        if (!Calls.Any(call => call.Status >= 400) && Operation.Statuses.Any(status => status is ['4', ..] and not "429"))
            yield return $"{name} has no example of a problem";
        if (MaySucceed && Calls.Any(call => call.EmptyList) && !Calls.Any(call => call is { Status: 200, EmptyList: false }))
            yield return $"{name} was heard with an empty list only";
    }
}
