using System.Collections.Concurrent;

namespace Community.Payments.Tests;

/// <summary>Goes on as the system's does, from wherever it is moved to. What comes due again and again is due at each move.</summary>
internal sealed class MovedClock : TimeProvider
{
    private readonly ConcurrentDictionary<Repeating, bool> _repeating = new();
    private TimeSpan _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    public void Move(DateTimeOffset to)
    {
        _ahead = to - System.GetUtcNow();
        foreach (var timer in _repeating.Keys)
            timer.ComeDue();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        period == Timeout.InfiniteTimeSpan ? System.CreateTimer(callback, state, dueTime, period) : new Repeating(this, callback, state, dueTime, period);

    private sealed class Repeating : ITimer
    {
        private readonly MovedClock _clock;
        private readonly ITimer _timer;
        private TimeSpan _period;

        public Repeating(MovedClock clock, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_clock, _period) = (clock, period);
            _timer = System.CreateTimer(callback, state, dueTime, period);
            clock._repeating[this] = true;
        }

        public void ComeDue() => _timer.Change(TimeSpan.Zero, _period);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;

            return _timer.Change(dueTime, period);
        }

        public void Dispose()
        {
            _clock._repeating.TryRemove(this, out _);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            _clock._repeating.TryRemove(this, out _);

            return _timer.DisposeAsync();
        }
    }
}
