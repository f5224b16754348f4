using Spectre.Console;
using Spectre.Console.Rendering;

namespace Community.Importer;

/// <summary>Shows how far the import is, on standard error: bars on a terminal, plain lines elsewhere.</summary>
internal abstract class Meter
{
    public static async Task Show(TextWriter errors, TimeProvider clock, Func<Meter, Task> work)
    {
        if (errors != Console.Error || Console.IsErrorRedirected)
        {
            await work(new Lines(errors, clock));
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(errors), Interactive = InteractionSupport.Yes });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(), new SpinnerColumn())
            .StartAsync(bars => work(new Bars(console, bars)));
    }

    public abstract void Say(string notice);

    public abstract void Begin(string kind, int expected);

    /// <summary>Called by several at once.</summary>
    public abstract void Advance(int rows);

    public abstract void End();

    private sealed class Bars(IAnsiConsole console, ProgressContext bars) : Meter
    {
        private ProgressTask? _bar;

        public override void Say(string notice) => console.WriteLine(notice);

        public override void Begin(string kind, int expected) => _bar = bars.AddTask(kind, maxValue: Math.Max(1, expected));

        public override void Advance(int rows) => _bar?.Increment(rows);

        public override void End()
        {
            // Rows that were left out were never sent.
            _bar?.Value(_bar.MaxValue);
            _bar?.StopTask();
        }
    }

    private sealed class Lines(TextWriter errors, TimeProvider clock) : Meter
    {
        private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

        private readonly Lock _lock = new();
        private string _kind = "";
        private int _expected;
        private int _done;
        private long _begun;
        private long _told;

        public override void Say(string notice)
        {
            lock (_lock)
                errors.WriteLine(notice);
        }

        public override void Begin(string kind, int expected) => (_kind, _expected, _done, _begun, _told) = (kind, expected, 0, clock.GetTimestamp(), clock.GetTimestamp());

        public override void Advance(int rows)
        {
            lock (_lock)
            {
                _done += rows;
                if (clock.GetElapsedTime(_told) < _pause)
                    return;

                _told = clock.GetTimestamp();
                errors.WriteLine($"{_kind}: {_done} of {_expected}, {Rate():0} rows/s");
            }
        }

        public override void End()
        {
            lock (_lock)
                errors.WriteLine($"{_kind}: {_done}, {Rate():0} rows/s");
        }

        private double Rate() => _done / Math.Max(0.001, clock.GetElapsedTime(_begun).TotalSeconds);
    }

    private sealed class RateColumn : ProgressColumn
    {
        // Spectre's own speed needs more than one step, and a small kind is one batch.
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text($"{(task.ElapsedTime is { TotalSeconds: > 0 } time ? task.Value / time.TotalSeconds : 0):0} rows/s");
    }
}
