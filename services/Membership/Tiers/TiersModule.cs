using Community.Membership.Members;
using Community.Messaging;

namespace Community.Membership.Tiers;

internal static class TiersModule
{
    public static void AddTiers(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IExpiry, TierExpiry>();
        builder.AddConsumer<NoteSubscriptions>();
    }
}
