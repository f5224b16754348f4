using Microsoft.Extensions.Time.Testing;

namespace Community.Testing;

/// <summary>
/// A clock that stands still until a test moves it. However far it is moved, a repeating timer comes due once, as on a
/// machine that slept: a year in steps of half a second would be sixty million calls.
/// </summary>
public sealed class MovableClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        period == Timeout.InfiniteTimeSpan ? base.CreateTimer(callback, state, dueTime, period) : new Repeating(this, callback, state, dueTime, period);

    private ITimer Once(TimerCallback callback) => base.CreateTimer(callback, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private sealed class Repeating : ITimer
    {
        private readonly ITimer _next;
        private TimeSpan _period;

        public Repeating(MovableClock clock, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _next = clock.Once(_ =>
            {
                // From the hour that the clock shows now, not from the one at which it was due.
                _next!.Change(_period, Timeout.InfiniteTimeSpan);
                callback(state);
            });
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;

            return _next.Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public void Dispose() => _next.Dispose();

        public ValueTask DisposeAsync() => _next.DisposeAsync();
    }
}
