using Community.Messaging;

namespace Community.Content.Access;

internal static class AccessModule
{
    public static void AddAccess(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Storage.ExtendedSchemaObjects.Add(Entitlements.Table);
            options.Storage.ExtendedSchemaObjects.Add(Entitlements.Tiers);
            options.Storage.ExtendedSchemaObjects.Add(Entitlements.Levels);
        });
        builder.Services.AddSingleton<Entitlements>();
        builder.AddConsumer<UnlockContentWhenOrderPaid>();
        builder.AddConsumer<LockContentWhenOrderRefunded>();
        builder.AddConsumer<OpenContentByTier>();
        builder.AddConsumer<OpenContentByLevel>();
    }
}
