using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;

namespace Community.Portal.Services;

/// <param name="More">There are more than the service lists at once.</param>
public sealed record WaitingCount(int Number, bool More)
{
    public override string ToString() => Number.ToString(CultureInfo.CurrentCulture) + (More ? "+" : "");
}

/// <summary>
/// How much waits for those with a role, by the address where it is done. It is the same for all of a role, and asked for anew
/// after some seconds, or when somebody did something. What a service does not tell in time is left out.
/// </summary>
internal sealed class WaitingWork(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly IReadOnlyDictionary<string, WaitingCount> None = new Dictionary<string, WaitingCount>();

    private readonly ConcurrentDictionary<string, (DateTimeOffset At, Task<IReadOnlyDictionary<string, WaitingCount>> Counts)> _known = new();

    public async Task<IReadOnlyDictionary<string, WaitingCount>> For(ClaimsPrincipal user)
    {
        var reviews = user.IsInRole("reviewer") ? Known("reviewer", Reviews) : Task.FromResult(None);
        var matters = user.IsInRole("operator") || user.IsInRole("owner") ? Known("operator", Matters) : Task.FromResult(None);

        try
        {
            var counts = await Task.WhenAll(reviews, matters).WaitAsync(Patience, clock);

            return counts.SelectMany(some => some).ToDictionary();
        }
        catch (TimeoutException)
        {
            return None;
        }
    }

    public void Forget() => _known.Clear();

    private Task<IReadOnlyDictionary<string, WaitingCount>> Known(string role, Func<IServiceProvider, Task<IReadOnlyDictionary<string, WaitingCount>>> ask)
    {
        var now = clock.GetUtcNow();

        if (_known.TryGetValue(role, out var known) && now - known.At < Fresh)
        {
            return known.Counts;
        }

        var counts = Ask();
        _known[role] = (now, counts);

        return counts;

        async Task<IReadOnlyDictionary<string, WaitingCount>> Ask()
        {
            await using var scope = scopes.CreateAsyncScope();

            return await ask(scope.ServiceProvider);
        }
    }

    private static async Task<IReadOnlyDictionary<string, WaitingCount>> Reviews(IServiceProvider services)
    {
        var submitted = await services.GetRequiredService<ContentService>().InState(Stage.Submitted, CancellationToken.None);

        return Counts(("/review", Count(submitted, page => (page.Items.Count, page.Next))));
    }

    private static async Task<IReadOnlyDictionary<string, WaitingCount>> Matters(IServiceProvider services)
    {
        var (membership, payments, ct) = (services.GetRequiredService<MembershipService>(), services.GetRequiredService<PaymentsService>(), CancellationToken.None);
        var (applicants, failed, owed) = (membership.Applicants(ct), payments.Refunds(failedOnly: true, ct), payments.OwedRefunds(ct));
        var redemptions = services.GetRequiredService<IncentivesService>().Redemptions(open: true, null, ct);
        var held = services.GetRequiredService<IncentivesService>().Held(confirmed: false, null, ct);
        var decisions = services.GetRequiredService<AnalyticsService>().Decisions(open: true, null, ct);
        var parts = Counts(
            ("/admin/applications", Count(await applicants, page => (page.Items.Count, page.Next))),
            ("/admin/refunds", Sum([Count(await failed, page => (page.Items.Count, page.Next)), Count(await owed, page => (page.Items.Count, page.Next))])),
            ("/admin/rewards", Count(await redemptions, page => (page.Items.Count, page.Next))),
            ("/admin/abuse", Count(await held, page => (page.Items.Count, page.Next))),
            ("/admin/decisions", Count(await decisions, page => (page.Items.Count, page.Next))));

        return Counts([.. parts.Select(part => (part.Key, (WaitingCount?)part.Value)), ("/admin", Sum([.. parts.Values]))]);
    }

    private static WaitingCount? Count<T>(Answer<T> answer, Func<T, (int Number, string? Next)> of) where T : class =>
        answer.Value is { } page && of(page) is var (number, next) ? new(number, next is not null) : null;

    private static WaitingCount? Sum(IReadOnlyList<WaitingCount?> counts) => counts.OfType<WaitingCount>().ToList() is { Count: > 0 } told ? new(told.Sum(count => count.Number), told.Any(count => count.More)) : null;

    // Nothing is said of what does not wait.
    private static Dictionary<string, WaitingCount> Counts(params IReadOnlyList<(string Link, WaitingCount? Count)> counts) =>
        counts.Where(count => count.Count is { Number: > 0 }).ToDictionary(count => count.Link, count => count.Count!);
}
