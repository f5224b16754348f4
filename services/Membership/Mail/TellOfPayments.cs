using System.Globalization;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Messaging;
using Community.Payments.Contracts;
using Marten;
using MassTransit;

namespace Community.Membership.Mail;

/// <summary>
/// Mails members that a renewal is not paid, at each attempt, and that their membership has ended by it: who does not know
/// cannot pay. What lies too far back to be of use (a first start hears the whole past) is not told.
/// </summary>
internal sealed class TellOfPayments(IDocumentStore store, KeyRing ring, MailOutbox outbox, TimeProvider clock) :
    IConsumer<SubscriptionPastDue>, IConsumer<SubscriptionEnded>
{
    private static readonly TimeSpan News = TimeSpan.FromDays(3);

    public Task Consume(ConsumeContext<SubscriptionPastDue> context) =>
        context.Message is var m && m.NextAttempt > clock.GetUtcNow()
            ? Notify(context, MailKind.RenewalUnpaid, m.MemberId, m.SubscriptionId, m.Version, m.Tier, m.NextAttempt)
            : Task.CompletedTask;

    public Task Consume(ConsumeContext<SubscriptionEnded> context) =>
        context.Message is { Because: "unpaid" } m && m.At > clock.GetUtcNow() - News
            ? Notify(context, MailKind.SubscriptionEnded, m.MemberId, m.SubscriptionId, m.Version, m.Tier, m.At)
            : Task.CompletedTask;

    private async Task Notify(ConsumeContext context, MailKind kind, Guid id, Guid subscription, long version, string tier, DateTimeOffset at)
    {
        var ct = context.CancellationToken;
        await using var query = store.QuerySession();

        if (await query.LoadAsync<MemberRow>(id, ct) is not { Member: { ErasedAt: null } member })
        {
            return;
        }

        // Paid meanwhile, and that was heard first.
        if (member.Subscriptions.TryGetValue(subscription, out var known) && known.Version > version)
        {
            return;
        }

        var (settings, keys) = (await store.Settings(ct), await ring.Find([id], ct));
        var when = TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(settings.TimeZone)).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        await store.Once(context, session => outbox.Post(
            session, kind, Recipient.Of(id, member, keys), settings, clock.GetUtcNow(), tier, $"{when} ({settings.TimeZone})"));
    }
}
