using Community.EventStore;
using Marten;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Community.Messaging;

public static class BusRegistration
{
    /// <summary>Messages of one queue that a replica consumes at a time; those whose commands meet share transactions.</summary>
    internal const int Concurrency = 64;

    private const string Consumers = "Community.Messaging.Consumers";

    /// <summary>A consumer of a module, on a queue of its own. It comes before <see cref="AddMessaging"/>.</summary>
    public static IHostApplicationBuilder AddConsumer<TConsumer>(this IHostApplicationBuilder builder) where TConsumer : class, IConsumer
    {
        ConsumersOf(builder).Add(typeof(TConsumer));

        return builder;
    }

    /// <summary>
    /// The relay from the service's log to RabbitMQ, and the consumers of its modules with their inbox, on
    /// <c>ConnectionStrings:messaging</c>. It comes after the modules.
    /// </summary>
    public static IHostApplicationBuilder AddMessaging(this IHostApplicationBuilder builder, string service, IReadOnlyList<Publication> publications)
    {
        var broker = new Uri(builder.Configuration.GetConnectionString("messaging")
            ?? throw new InvalidOperationException("The connection string 'messaging' is not set."));
        IReadOnlyList<Consumption> consumptions = [.. ConsumersOf(builder).Select(type => new Consumption(type, QueueOf(service, type), ContractsOf(type)))];

        builder.Properties[Consumers] = consumptions; // one that is added later would never be served: it fails
        builder.Services.AddSingleton(new Publisher(service, publications));
        builder.Services.AddSingleton(consumptions);
        var settings = new Broker(broker, builder.Configuration.GetValue("Messaging:Retries", Broker.UsualRetries));
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<QueueLag>();
        builder.Services.AddReceiveObserver(services => services.GetRequiredService<QueueLag>());
        builder.Services.AddSingleton<IStorePart, InboxTables>();
        builder.Services.AddSingleton<IStorePart, RelaySubscription>();
        builder.Services.AddSingleton(services => new Lazy<IBusControl>(services.GetRequiredService<IBusControl>));
        builder.Services.AddHealthChecks().AddCheck<MessagingHealth>("messaging");
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.ConfigureHealthCheckOptions(health => health.MinimalFailureStatus = HealthStatus.Degraded);
            bus.AddConsumer<AnswerReplayRequests>();

            foreach (var consumption in consumptions)
            {
                bus.AddConsumer(consumption.Consumer);
            }

            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker, host => host.PublisherConfirmation = true);

                rabbit.ReceiveEndpoint(ReplayQueues.RequestsOf(service), endpoint =>
                {
                    Configure(endpoint, ReplayQueues.RequestsOf(service), concurrency: 2, settings.Retries, Topology.ExchangeOf(rabbit.PublishTopology, typeof(ReplayRequested)));
                    endpoint.ConfigureConsumer<AnswerReplayRequests>(context);
                });

                foreach (var consumption in consumptions)
                {
                    rabbit.ReceiveEndpoint(consumption.Queue, endpoint =>
                    {
                        Configure(
                            endpoint, consumption.Queue, Concurrency, settings.Retries,
                            [.. consumption.Contracts.Select(contract => Topology.ExchangeOf(rabbit.PublishTopology, contract))]);
                        endpoint.UseFilter(new PastFirst(consumption));
                        endpoint.ConfigureConsumer(context, consumption.Consumer);
                    });
                }
            });
        });
        builder.Services.AddOptions<MassTransitHostOptions>().Configure(host =>
        {
            // A broker that is away at the start must not keep the service from starting.
            host.WaitUntilStarted = false;
            host.StopTimeout = TimeSpan.FromSeconds(10);
        });
        builder.Services.AddHostedService<CatchUp>();
        builder.Services.AddHostedService(services => services.GetRequiredService<QueueLag>());

        return builder;
    }

    /// <param name="retries">Of a message that fails, before it is set aside; the nine that are usual take half a minute.</param>
    /// <param name="exchanges">Of the contracts that come to the queue of themselves.</param>
    internal static void Configure(IReceiveEndpointConfigurator endpoint, string queue, int concurrency, int retries, params IReadOnlyList<string> exchanges)
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.PublishFaults = false; // the error queue has them; nobody listens to more


        if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
        {
            // Replicated where there are replicas. A message that kills its consumer again and again is set aside, not dropped.
            rabbit.SetQuorumQueue();
            rabbit.SetQueueArgument("x-delivery-limit", 20);
            rabbit.SetQueueArgument("x-dead-letter-strategy", "at-least-once");
            rabbit.SetQueueArgument("x-overflow", "reject-publish"); // asked for by the strategy; there is no limit to overflow
            rabbit.DeadLetterExchange = Topology.DeadOf(queue);
            rabbit.ConfigureChannel(channel => channel.UseFilter(new Topology(queue, exchanges)));
        }

        endpoint.PrefetchCount = concurrency * 2;
        endpoint.ConcurrentMessageLimit = concurrency;

        // However long the database is away, nothing is wrong with the message: it waits here.
        endpoint.UseMessageRetry(retry =>
        {
            retry.Handle<Exception>(e => e.IsDatabaseAway());
            retry.Incremental(int.MaxValue, TimeSpan.FromSeconds(1), TimeSpan.Zero);
        });

        // What fails otherwise is tried for half a minute, unless told otherwise; then the error queue, from which an operator can send it again.
        endpoint.UseMessageRetry(retry =>
        {
            retry.Ignore<Exception>(e => e.IsDatabaseAway());
            retry.Exponential(retries, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200));
        });
    }

    private static List<Type> ConsumersOf(IHostApplicationBuilder builder)
    {
        if (!builder.Properties.TryGetValue(Consumers, out var known))
            builder.Properties[Consumers] = known = new List<Type>();

        return known as List<Type> ?? throw new InvalidOperationException("Consumers are added before AddMessaging.");
    }

    private static string QueueOf(string service, Type consumer) =>
        $"{service}-{KebabCaseEndpointNameFormatter.Instance.SanitizeName(consumer.Name)}";

    private static IReadOnlyList<Type> ContractsOf(Type consumer) =>
        [.. from i in consumer.GetInterfaces()
            where i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IConsumer<>)
            select i.GetGenericArguments()[0]];
}

internal sealed class RelaySubscription(Publisher publisher, Lazy<IBusControl> bus, ILogger<Relay> log) : IStorePart
{
    public void Configure(StoreOptions options)
    {
        // A service that says nothing aloud needs no relay.
        if (publisher.Events.Any())
        {
            options.Projections.Subscribe(new Relay(publisher, bus, log));
        }
    }
}
