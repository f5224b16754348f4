using System.Diagnostics;
using Community.Testing;
using JasperFx.Events.Projections;
using Marten.Events.Projections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Community.EventStore.Tests;

/// <summary>A host ends when one of its background services does by an exception; none of ours may take the service with it.</summary>
public sealed class BackgroundServices
{
    [Fact]
    public async Task A_chore_that_fails_is_tried_again_and_the_service_goes_on()
    {
        var ct = TestContext.Current.CancellationToken;
        using var chore = new FailsTwice();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddHostedService(_ => chore);
        using var host = builder.Build();
        await host.StartAsync(ct);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        await Eventually.True(
            () => Task.FromResult(chore.Done > 1 || lifetime.ApplicationStopping.IsCancellationRequested), "the chore to be done");

        Assert.Equal(2, chore.Failed);
        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested);
        await host.StopAsync(ct);
    }

    /// <summary>
    /// A client's keep-alive may find a session broken while nobody uses it, on a machine so busy that beats come late: what
    /// is asked of it next fails as an invalid operation, not as the database's absence.
    /// </summary>
    [LongFact]
    public async Task Where_the_keep_alive_has_found_the_sessions_broken_the_service_goes_on_and_leads_again()
    {
        var (ct, clock) = (TestContext.Current.CancellationToken, new MovableClock(Store.Noon));
        var database = await Servers.CreateDatabase("keepalive");
        await using var host = await Store.Start(
            database, options => options.Projections.Add(new SaidProjection(), ProjectionLifecycle.Async), services: services => services.AddSingleton<TimeProvider>(clock));
        var (projections, lifetime) = (host.Services.GetRequiredService<ProjectionHost>(), host.Services.GetRequiredService<IHostApplicationLifetime>());
        await Eventually.True(() => Task.FromResult(projections.Daemon is not null), "the replica to lead");
        var first = projections.Daemon;

        // No beat comes meanwhile. The keep-alive goes by the machine's time, and nothing tells that it was there.
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync(ct);
            await using var end = new NpgsqlCommand(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", connection);
            Assert.True((long)(await end.ExecuteScalarAsync(ct))! > 0);
        }

        var watch = Stopwatch.StartNew();
        await Eventually.True(() => Task.FromResult(watch.Elapsed > 2 * TimeSpan.FromSeconds(ConnectionOptions.KeepAlive)), "the keep-alive");

        await Eventually.True(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested || (projections.Daemon is { } daemon && daemon != first));
            }, "the replica to lead again");
        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested, "A background service has ended, and the host with it.");
    }

    private sealed class FailsTwice() : PeriodicJob("fails-twice", TimeSpan.FromMilliseconds(10), TimeProvider.System, NullLogger.Instance)
    {
        private volatile int _failed;
        private volatile int _done;

        public int Failed => _failed;

        public int Done => _done;

        protected override Task Do(CancellationToken ct)
        {
            if (_failed < 2)
            {
                _failed++;
                throw new InvalidOperationException("Nobody has thought of this.");
            }

            _done++;

            return Task.CompletedTask;
        }
    }
}
