using Community.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Community.EventSourcing.Tests;

/// <summary>A host ends when one of its background services does by an exception; a chore must not take the service with it.</summary>
public sealed class Chores
{
    [Fact]
    public async Task One_that_fails_is_tried_again_and_the_service_goes_on()
    {
        var ct = TestContext.Current.CancellationToken;
        using var chore = new FailsTwice();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddHostedService(_ => chore);
        using var host = builder.Build();
        await host.StartAsync(ct);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        await Eventually.True(
            () => Task.FromResult(chore.Done > 1 || lifetime.ApplicationStopping.IsCancellationRequested), TimeSpan.FromSeconds(10), "the chore to be done");

        Assert.Equal(2, chore.Failed);
        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested);
        await host.StopAsync(ct);
    }

    private sealed class FailsTwice() : Chore("fails-twice", TimeSpan.FromMilliseconds(10), TimeProvider.System, NullLogger.Instance)
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
