using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Community.Markup;

/// <summary>
/// Texts that members wrote, as HTML. Each is rendered once, on threads that do nothing else, and remembered. Whoever asks
/// for one that takes long, or more than a text may cost, gets it as it was written.
/// </summary>
public sealed partial class RenderedTexts : IDisposable
{
    private const int Waiting = 64; // more would only be late
    private const int StackSize = 16 << 20; // a text nests deeper than usual stacks allow
    private const long Remembered = 16 << 20; // characters
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan UntilTriedAgain = TimeSpan.FromMinutes(1);

    private readonly Func<string, string?> _render;
    private readonly TimeProvider _clock;
    private readonly ILogger<RenderedTexts> _log;
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = Remembered });
    private readonly ConcurrentDictionary<string, Work> _underWay = new();
    private readonly BlockingCollection<Work> _waiting = new(Waiting);

    public RenderedTexts(TimeProvider clock, ILogger<RenderedTexts> log) : this(MarkdownRenderer.Render, clock, log)
    {
    }

    internal RenderedTexts(Func<string, string?> render, TimeProvider clock, ILogger<RenderedTexts> log)
    {
        (_render, _clock, _log) = (render, clock, log);

        // Half of the processors, so that the other half serves whoever reads other pages.
        for (var i = 0; i < Math.Max(1, Environment.ProcessorCount / 2); i++)
        {
            new Thread(Run, StackSize) { IsBackground = true, Name = "markup" }.Start();
        }
    }

    /// <summary>Safe HTML of a Markdown text.</summary>
    public async ValueTask<string> Get(string markdown, CancellationToken ct)
    {
        var key = Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(markdown.AsSpan())));

        return (_known.TryGetValue(key, out string? html) ? html : await Render(key, markdown, ct)) ?? PlainText.Html(markdown);
    }

    // The threads end behind what waits, and put it into the cache still; the cache holds nothing but memory.
    public void Dispose() => _waiting.CompleteAdding();

    private async Task<string?> Render(string key, string markdown, CancellationToken ct)
    {
        var work = new Work(key, markdown);
        var shared = _underWay.GetOrAdd(key, work);

        if (ReferenceEquals(shared, work) && !_waiting.TryAdd(work))
        {
            _underWay.TryRemove(key, out _);
            work.Html.SetResult(null);
        }

        try
        {
            return await shared.Html.Task.WaitAsync(Patience, _clock, ct);
        }
        catch (TimeoutException)
        {
            return null; // who asks later finds it rendered
        }
    }

    private void Run()
    {
        foreach (var work in _waiting.GetConsumingEnumerable())
        {
            string? html = null;
            var options = new MemoryCacheEntryOptions();

            try
            {
                html = _render(work.Markdown);
            }
            catch (Exception fault) // of any kind: the thread serves all texts, and this one is shown as it was written
            {
                options.AbsoluteExpirationRelativeToNow = UntilTriedAgain;
                LogFault(fault, work.Key);
            }

            options.Size = 200 + (html?.Length ?? 0);
            _known.Set(work.Key, html, options);
            _underWay.TryRemove(work.Key, out _);
            work.Html.SetResult(html);
        }
    }

    [LoggerMessage(LogLevel.Error, "The text with hash {Hash} is shown as it was written, because it was not rendered.")]
    private partial void LogFault(Exception fault, string hash);

    private sealed record Work(string Key, string Markdown)
    {
        public TaskCompletionSource<string?> Html { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
