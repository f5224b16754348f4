using Community.EventSourcing;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;
using Npgsql;

namespace Community.Payments.Subscriptions;

/// <summary>
/// Who leaves is not charged again: the subscriptions end with their periods. Who is erased has nobody left to give a tier to:
/// they end at once, and what was to stand on invoices to come is unreadable. Invoices that are issued stay, as the law asks.
/// </summary>
internal sealed class EndSubscriptionsOfLeavers(IDocumentStore store, NpgsqlDataSource database) : IConsumer<MemberDeparted>, IConsumer<MemberErased>
{
    public Task Consume(ConsumeContext<MemberDeparted> context) =>
        Tell(context, context.Message.MemberId, new CancelSubscription(context.Message.At));

    public async Task Consume(ConsumeContext<MemberErased> context)
    {
        await store.Once(context, session => session.EraseKey(context.Message.MemberId));
        await Tell(context, context.Message.MemberId, new RevokeSubscription(context.Message.At));
    }

    private async Task Tell(ConsumeContext context, Guid member, SubscriptionCommand command)
    {
        foreach (var stream in await store.SubscriptionsOf(member, database, context.CancellationToken))
        {
            await store.Handle(Subscription.Decider, stream, command, context);
        }
    }
}

internal static class MemberSubscriptions
{
    /// <summary>The streams of all that a member ever had, by the log: the list may not have come so far yet.</summary>
    public static async Task<IReadOnlyList<Guid>> SubscriptionsOf(this IDocumentStore store, Guid member, NpgsqlDataSource database, CancellationToken ct)
    {
        var streams = new List<Guid>();
        await using var select = database.CreateCommand(
            $"select stream_id from {store.Options.Events.DatabaseSchemaName}.mt_events where type = 'subscription-started.v1' and data ->> 'memberId' = $1");
        select.Parameters.Add(new() { Value = member.ToString() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            streams.Add(rows.GetGuid(0));
        }

        return streams;
    }
}
