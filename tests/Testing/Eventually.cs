using System.Diagnostics;

namespace Community.Testing;

/// <summary>Waits for a condition, never for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <exception cref="TimeoutException">Names what was waited for.</exception>
    public static async Task True(Func<Task<bool>> condition, TimeSpan deadline, string what)
    {
        ArgumentNullException.ThrowIfNull(condition);
        await Value(condition, holds => holds, deadline, what);
    }

    /// <summary>Asks until the answer satisfies, and returns it; at the deadline tells the last answer.</summary>
    /// <exception cref="TimeoutException">Names what was waited for and what was there instead.</exception>
    public static async Task<T> Value<T>(Func<Task<T>> ask, Func<T, bool> satisfies, TimeSpan deadline, string what)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(satisfies);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (satisfies(answer))
                return answer;
            if (watch.Elapsed > deadline)
                throw new TimeoutException($"Waited {deadline.TotalSeconds:0.#} s for: {what}. Last answer: {answer}");
            await Task.Delay(Pause);
        }
    }
}
