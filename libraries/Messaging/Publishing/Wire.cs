using System.Diagnostics;
using Community.EventStore;
using JasperFx.Events;
using MassTransit;
using MassTransit.Logging;

namespace Community.Messaging;

/// <summary>What the envelope of a published fact says beside MassTransit's own: source, sequence, doer, trace.</summary>
internal static class Wire
{
    public const string Source = "community-source";
    public const string Sequence = "community-sequence";
    public const string By = "community-by";
    public const string Correlation = "community-correlation";
    private static readonly ActivitySource Activities = new("Community.Messaging");

    /// <summary>The service that publishes a contract: Community.Payments.Contracts belongs to "payments".</summary>
    public static string SourceOf(Type contract) => contract.Namespace!.Split('.')[^2].ToLowerInvariant();

    public static void Address(this SendContext context, Publisher publisher, IEvent @event, Type contract)
    {
        context.MessageId = publisher.MessageId(@event, contract);
        context.Headers.Set(Source, publisher.Service);
        context.Headers.Set(Sequence, @event.Sequence);
        context.Headers.Set(By, @event.UserName);
        context.Headers.Set(Correlation, @event.CorrelationId);

        // MassTransit does this where its own span is taken; the trace goes on also where nobody takes spans.
        if (Activity.Current?.Id is { } trace)
        {
            context.Headers.Set(DiagnosticHeaders.ActivityId, trace);
        }
    }

    /// <summary>Continues the trace in which the event was appended.</summary>
    public static Activity? Continue(IEvent @event, Type contract, string way) =>
        @event.Headers?.TryGetValue("traceparent", out var parent) == true
            && ActivityContext.TryParse(parent?.ToString(), null, isRemote: true, out var context)
            ? Activities.StartActivity($"{way} {contract.Name}", ActivityKind.Producer, context,
                [new("community.event.id", @event.Id), new("community.event.sequence", @event.Sequence)])
            : null;

    public static CommandMetadata MetadataOf(ConsumeContext context) => new(
        context.Headers.Get<string>(By), context.MessageId?.ToString(), context.Headers.Get<string>(Correlation));
}
