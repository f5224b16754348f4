using Community.Analytics.Ingestion;
using Community.EventStore;
using Community.Messaging;
using Community.Payments.Contracts;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using MassTransit;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Revenue;

/// <param name="Version">Of what is known of one subscription, the highest is the last.</param>
/// <param name="MonthlyAmount">Its part of the monthly recurring revenue from now on, in minor units.</param>
/// <param name="Currency">ISO 4217; null where none was said: it has stopped counting.</param>
/// <param name="PlanId">Null where none was said: the one that was said before holds.</param>
[EventType("recurring-revenue-recorded.v1")]
public sealed record RecurringRevenueRecorded(
    Guid SubscriptionId, Guid MemberId, long Version, long MonthlyAmount, string? Currency, DateTimeOffset At, Guid? PlanId = null) : HeardEvent;

/// <summary>What each subscription is worth a month, as payments tells it.</summary>
internal sealed class RecordRecurringRevenue(IDocumentStore store) :
    IConsumer<SubscriptionStarted>, IConsumer<SubscriptionRenewed>, IConsumer<SubscriptionChanged>, IConsumer<SubscriptionPastDue>,
    IConsumer<SubscriptionPaused>, IConsumer<SubscriptionResumed>, IConsumer<SubscriptionEnded>
{
    public Task Consume(ConsumeContext<SubscriptionStarted> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, m.MonthlyAmount, m.Currency, m.At, m.PlanId));

    public Task Consume(ConsumeContext<SubscriptionRenewed> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, m.MonthlyAmount, m.Currency, m.At, m.PlanId));

    public Task Consume(ConsumeContext<SubscriptionChanged> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, m.MonthlyAmount, m.Currency, m.At, m.PlanId));

    public Task Consume(ConsumeContext<SubscriptionPastDue> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, m.MonthlyAmount, m.Currency, m.At));

    // Neither active nor past due while it lasts.
    public Task Consume(ConsumeContext<SubscriptionPaused> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, 0, null, m.At));

    public Task Consume(ConsumeContext<SubscriptionResumed> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, m.MonthlyAmount, m.Currency, m.At));

    public Task Consume(ConsumeContext<SubscriptionEnded> context) =>
        Record(context, m => new(m.SubscriptionId, m.MemberId, m.Version, 0, null, m.At));

    private Task Record<TFact>(ConsumeContext<TFact> context, Func<TFact, RecurringRevenueRecorded> worth) where TFact : class => store.Handle(
        ActivityLog.Decider, ActivityLog.Message(context.MessageId!.Value), new RecordHeard([worth(context.Message)]), context);
}

/// <summary>A row for each thing told of a subscription, whenever it was heard; what moved between two of them is seen when it is asked for.</summary>
internal sealed class RecurringRevenue : EventProjection
{
    private readonly string _insert;

    public RecurringRevenue(StoreOptions options)
    {
        Name = "recurring-revenue";
        IncludeType<RecurringRevenueRecorded>();
        var table = new Table($"{options.DatabaseSchemaName}.recurring_revenue");
        table.AddColumn<Guid>("subscription_id").AsPrimaryKey();
        table.AddColumn<long>("version").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").NotNull();
        table.AddColumn<long>("amount").NotNull();
        table.AddColumn("currency", "text");
        table.AddColumn("at", "timestamptz").NotNull();
        table.AddColumn<Guid>("plan_id");
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _insert = $"""
            insert into {table.Identifier.QualifiedName} (subscription_id, version, member_id, amount, currency, at, plan_id) values (?, ?, ?, ?, ?, ?, ?)
            on conflict do nothing
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is RecurringRevenueRecorded told)
        {
            operations.QueueSqlCommand(
                _insert, told.SubscriptionId, told.Version, told.MemberId, told.MonthlyAmount, told.Currency ?? (object)DBNull.Value, told.At.ToUniversalTime(),
                told.PlanId ?? (object)DBNull.Value);
        }

        return ValueTask.CompletedTask;
    }
}
