using Community.Membership.Members;

namespace Community.Membership.Suspensions;

internal static class SuspensionsModule
{
    public static void AddSuspensions(this WebApplicationBuilder builder) => builder.Services.AddSingleton<IExpiry, SuspensionExpiry>();
}
