using Community.Membership.Mail;
using Community.Messaging;

namespace Community.Membership.Tiers;

internal static class TiersModule
{
    public static void AddTiers(this WebApplicationBuilder builder) => builder.AddConsumer<NoteSubscriptions>();
}
