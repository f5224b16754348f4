using Community.Testing;

namespace Community.SystemTests.Fuzz;

/// <summary>
/// Requests made from the services' own descriptions, as described and wrong in one place each: no answer is a fault of the
/// service, all that is refused is refused with a problem, and nothing of it is stored.
/// </summary>
public sealed class FuzzTests(SystemOfItsOwn system, ITestOutputHelper output) : IClassFixture<SystemOfItsOwn>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await system.Started();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public Task Whatever_is_sent_by_whomever_is_done_or_refused_and_nothing_refused_is_stored() => Try(rounds: 1, roles: 2, longest: null);

    [LongFact]
    public Task So_it_is_with_tens_of_thousands_of_requests_and_each_is_answered_within_five_seconds() => Try(rounds: 20, roles: 6, longest: TimeSpan.FromSeconds(5));

    private async Task Try(int rounds, int roles, TimeSpan? longest)
    {
        var seed = RandomInput.Seed();
        await using var run = new FuzzRun(system, seed, longest);
        await run.Try(rounds, roles);
        output.WriteLine(run.Summary);
        await run.RefuseAgain();
        output.WriteLine(run.Summary);
        Assert.True(!run.Faults.Any(), $"{run.Summary}\n{string.Join("\n\n", run.Faults)}");
        await run.NothingCameOfIt();
        output.WriteLine(run.Summary);
        Assert.True(!run.Faults.Any(), $"{run.Summary}\n{string.Join("\n\n", run.Faults)}");
    }
}
