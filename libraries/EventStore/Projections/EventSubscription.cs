using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Daemon;
using Marten.Subscriptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Community.EventStore;

/// <summary>
/// What a service does because of its own facts: from the log, in its order, at least once. So each step is a command that
/// does nothing the second time. One that fails pauses alone, as a projection does.
/// </summary>
public abstract class EventSubscription : SubscriptionBase
{
    private readonly IServiceProvider _services;

    /// <param name="services">For what is made with the store, or after it.</param>
    /// <param name="name">Of its progress, and of whoever it does things as.</param>
    protected EventSubscription(IServiceProvider services, string name, params IEnumerable<Type> facts)
    {
        (_services, Name) = (services, name);

        foreach (var fact in facts)
        {
            IncludeType(fact);
        }
    }

    protected IDocumentStore Store => Service<IDocumentStore>();

    public sealed override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        foreach (var fact in page.Events)
        {
            CommandMetadata.Set(new CommandMetadata(Name, fact.Id.ToString(), fact.CorrelationId));

            try
            {
                await Follow(fact, cancellationToken);
            }
            catch (Exception e) when (FactFailedException.IsOf(e, cancellationToken))
            {
                throw new FactFailedException(fact, e);
            }
        }

        return NullChangeListener.Instance;
    }

    protected abstract Task Follow(IEvent fact, CancellationToken ct);

    protected T Service<T>() where T : notnull => _services.GetRequiredService<T>();
}

/// <summary>
/// Where a subscription cannot go on: at which event, and why. Marten's daemon takes a cancellation for its own and says
/// nothing, also where somebody else's time was up (an HTTP client's); so that too is one of these.
/// </summary>
public sealed class FactFailedException(IEvent fact, Exception cause) : ApplyEventException(fact, cause)
{
    public override string Message => $"{base.Message}: {InnerException!.Message}";

    /// <summary>Whether it is the event's failure: not where the daemon ends, the database is away, or the exception names an event itself.</summary>
    public static bool IsOf(Exception e, CancellationToken ct) =>
        e is OperationCanceledException ? !ct.IsCancellationRequested : e is not IEventFailureContext && !e.IsDatabaseAway();
}

public static class Followers
{
    public static IHostApplicationBuilder AddFollower(this IHostApplicationBuilder builder, Func<IServiceProvider, EventSubscription> make)
    {
        builder.Services.AddSingleton<IStorePart>(services => new Part(services, make));

        return builder;
    }

    private sealed class Part(IServiceProvider services, Func<IServiceProvider, EventSubscription> make) : IStorePart
    {
        public void Configure(StoreOptions options) => options.Projections.Subscribe(make(services));
    }
}
