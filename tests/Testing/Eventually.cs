using System.Diagnostics;

namespace Community.Testing;

/// <summary>Waits for a condition, never for a time. It fails on silence, when nothing has moved for a while, and never on slowness.</summary>
public static class Eventually
{
    /// <summary>How long nothing may move.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <param name="moves">What changes while the condition comes nearer, such as a count. Without it, the condition has <see cref="Silence"/> to hold.</param>
    /// <exception cref="TimeoutException">Names what was waited for.</exception>
    public static async Task True(Func<Task<bool>> condition, string what, Func<object?>? moves = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        await Value(condition, holds => holds, what, moves);
    }

    /// <summary>Asks until the answer satisfies, and returns it. An answer that differs from the one before is a movement.</summary>
    /// <exception cref="TimeoutException">Names what was waited for and what was there instead.</exception>
    public static async Task<T> Value<T>(Func<Task<T>> ask, Func<T, bool> satisfies, string what, Func<object?>? moves = null)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(satisfies);
        var (watch, last, pause) = (Stopwatch.StartNew(), "", FirstPause);

        while (true)
        {
            var answer = await ask();
            if (satisfies(answer))
                return answer;

            var now = $"{Shown(answer)} {moves?.Invoke()}";
            if (now != last)
            {
                (last, pause) = (now, FirstPause);
                watch.Restart();
            }
            else if (watch.Elapsed > Silence)
                throw new TimeoutException($"Nothing has moved for {Silence.TotalSeconds:0} s. Waited for: {what}. Last answer: {Shown(answer)}");
            else
            {
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 3 / 2, LongestPause.Ticks));
            }

            await Task.Delay(pause);
        }
    }

    private static string? Shown(object? answer)
    {
        if (answer is not System.Collections.IEnumerable list || answer is string)
            return answer?.ToString();

        var items = list.Cast<object?>().ToList();

        return $"{items.Count}: {string.Join(", ", items.TakeLast(50))}";
    }
}
