using System.Collections.Concurrent;
using Community.EventStore;
using Marten;
using MassTransit;
using Weasel.Postgresql.Tables;

namespace Community.Messaging;

/// <summary>
/// Exactly one effect of each message in each consumer: a row per consumer, message and stream commits with the effect;
/// the second one breaks the primary key, and with it the second effect. What fails is delivered again.
/// </summary>
public static class Inbox
{
    internal const string Key = "pk_inbox";

    // A repeat seldom comes alone: after an outage a page of the relay is told again, after a replay all that waited in the
    // queue. To read, decide and fail costs many times what a look costs, and those who share the transaction fail with it.
    // So whoever has just had one looks first. By consumer.
    private static readonly ConcurrentDictionary<string, bool> HadRepeat = [];

    /// <summary>Decides and appends for a message; a repeat of the message does nothing.</summary>
    public static Task Handle<TState, TCommand, TEvent>(
        this IDocumentStore store, Decider<TState, TCommand, TEvent> decider, Guid stream, TCommand command, ConsumeContext context)
        where TEvent : class =>
        store.Handle(decider, stream, command, new CommandOptions(), context);

    /// <inheritdoc cref="Handle{TState,TCommand,TEvent}(IDocumentStore,Decider{TState,TCommand,TEvent},Guid,TCommand,ConsumeContext)"/>
    public static Task Handle<TState, TCommand, TEvent>(
        this IDocumentStore store, Decider<TState, TCommand, TEvent> decider, Guid stream, TCommand command,
        CommandOptions handling, ConsumeContext context)
        where TEvent : class
    {
        var always = handling.WriteInAnyCase;
        var once = handling with
        {
            ByMessage = true,
            WriteInAnyCase = session =>
            {
                always?.Invoke(session);
                session.Remember(context, stream);
            }
        };

        return store.OnlyOnce(context, stream, () => store.Handle(decider, stream, command, once, context.CancellationToken));
    }

    /// <summary>Writes for a message what is no decision: a read model kept from others' events, an entry in an own log.</summary>
    public static Task Once(this IDocumentStore store, ConsumeContext context, Action<IDocumentSession> write) =>
        store.OnlyOnce(context, Guid.Empty, async () =>
        {
            await using var session = store.LightweightSession();
            var origin = CommandMetadata.Current;
            session.LastModifiedBy = origin.By ?? "system";
            session.CausationId = origin.CausationId;
            session.CorrelationId = origin.CorrelationId;
            write(session);
            session.Remember(context, Guid.Empty);
            await session.SaveChangesAsync(context.CancellationToken);
        });

    private static async Task OnlyOnce(this IDocumentStore store, ConsumeContext context, Guid stream, Func<Task> work)
    {
        var consumer = context.Consumer();

        if (HadRepeat.GetValueOrDefault(consumer) && await store.Knows(context, stream))
        {
            return;
        }

        CommandMetadata.Set(Wire.MetadataOf(context));

        try
        {
            await work();
            HadRepeat[consumer] = false;
        }
        catch (Exception e) when (e.UniqueViolation() == Key)
        {
            // Done already, by an earlier delivery.
            HadRepeat[consumer] = true;
        }
    }

    private static async Task<bool> Knows(this IDocumentStore store, ConsumeContext context, Guid stream)
    {
        await using var session = store.QuerySession();

        return (await session.AdvancedSql.QueryAsync<int>(
            "select 1 from inbox where consumer = ? and message_id = ? and stream_id = ?", context.CancellationToken,
            context.Consumer(), context.MessageId!, stream)).Count > 0;
    }

    /// <summary>The consumer's queue, by whichever of its two ways the message came.</summary>
    internal static string Consumer(this ConsumeContext context) => context.ReceiveContext.Consumer();

    /// <inheritdoc cref="Consumer(ConsumeContext)"/>
    internal static string Consumer(this ReceiveContext context) =>
        context.Queue() is var queue && queue.EndsWith(ReplayQueues.Suffix, StringComparison.Ordinal) ? queue[..^ReplayQueues.Suffix.Length] : queue;

    internal static string Queue(this ReceiveContext context) => context.InputAddress.AbsolutePath.Split('/')[^1];

    private static void Remember(this IDocumentSession session, ConsumeContext context, Guid stream) => session.QueueSqlCommand(
        "insert into inbox (consumer, message_id, stream_id) values (?, ?, ?)",
        context.Consumer(),
        context.MessageId ?? throw new InvalidOperationException("A message without an id cannot be told from its repeat."),
        stream);
}

internal sealed class InboxTables : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var inbox = new Table("inbox") { PrimaryKeyName = Inbox.Key };
        inbox.AddColumn<string>("consumer").AsPrimaryKey();
        inbox.AddColumn<Guid>("message_id").AsPrimaryKey();
        inbox.AddColumn<Guid>("stream_id").AsPrimaryKey();
        options.Storage.ExtendedSchemaObjects.Add(inbox);

        var replayed = new Table("replayed");
        replayed.AddColumn<string>("queue").AsPrimaryKey();
        replayed.AddColumn<string>("contract").AsPrimaryKey();
        options.Storage.ExtendedSchemaObjects.Add(replayed);

        var answered = new Table("replays_answered");
        answered.AddColumn<Guid>("request_id").AsPrimaryKey();
        answered.AddColumn<DateTimeOffset>("answered_at").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(answered);
    }
}
