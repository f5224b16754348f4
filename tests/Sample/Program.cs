using System.Diagnostics;
using Community.EventStore;
using Community.Messaging;
using Community.Sample;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using MassTransit;

// A speaker and a listener, to kill. Arguments: speaker|listener, and the number of publishes or consumes after which the
// process kills itself (0: never): after the broker's confirm and before progress, or after the commit and before the ack.
var none = new Dictionary<string, string?>();
var mode = args[0];
var killAfter = int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture);
var builder = mode == "speaker" ? Services.Speaker(none) : Services.Listener(none);
builder.WebHost.UseUrls("http://127.0.0.1:0");
var app = builder.Build();

if (killAfter > 0)
{
    var bus = app.Services.GetRequiredService<IBusControl>();
    var countdown = new Countdown(killAfter);
    bus.ConnectPublishObserver(countdown);
    bus.ConnectConsumeObserver(countdown);
}

await app.RunAsync();

internal sealed class Countdown(int killAfter) : IPublishObserver, IConsumeObserver
{
    private int _left = killAfter;

    public Task PrePublish<T>(PublishContext<T> context) where T : class => Task.CompletedTask;

    public Task PostPublish<T>(PublishContext<T> context) where T : class => Count<T>();

    public Task PublishFault<T>(PublishContext<T> context, Exception exception) where T : class => Task.CompletedTask;

    public Task PreConsume<T>(ConsumeContext<T> context) where T : class => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context) where T : class => Count<T>();

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception) where T : class => Task.CompletedTask;

    private Task Count<T>()
    {
        if (typeof(T) == typeof(Community.Sample.Contracts.NumberSaid) && Interlocked.Decrement(ref _left) == 0)
        {
            Process.GetCurrentProcess().Kill(); // SIGKILL
        }

        return Task.CompletedTask;
    }
}

namespace Community.Sample
{
    public static class Services
    {
        /// <summary>Publishes what its speakers say.</summary>
        /// <param name="said">How an event is told, where it is not told as it is.</param>
        public static WebApplicationBuilder Speaker(
            IReadOnlyDictionary<string, string?> settings, Func<IEvent<NumberSaid>, Contracts.NumberSaid>? said = null, Action<StoreOptions>? configure = null)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Configuration.AddInMemoryCollection(settings);
            builder.AddEventStore("sampledb", typeof(Services).Assembly);
            builder.ConfigureStore(options => configure?.Invoke(options));
            builder.AddMessaging("sample", [Publication.Of(said ?? Said)]);

            return builder;
        }

        public static Contracts.NumberSaid Said(IEvent<NumberSaid> e) => new(e.StreamId, e.Data.Value, e.Data.At);

        /// <summary>Sums what was said.</summary>
        public static WebApplicationBuilder Listener(IReadOnlyDictionary<string, string?> settings, Action<StoreOptions>? configure = null)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Configuration.AddInMemoryCollection(settings);
            builder.AddEventStore("listenerdb", typeof(Services).Assembly);
            builder.ConfigureStore(options =>
            {
                options.Projections.Add(new HeardNumbersProjection(), ProjectionLifecycle.Async);
                configure?.Invoke(options);
            });
            builder.AddConsumer<HearNumberWhenSaid>();
            builder.AddMessaging("listener", []);

            return builder;
        }
    }
}
