using Community.EventStore;
using Community.Membership.Accounts.Providers;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.TwoFactor;

namespace Community.Membership.Accounts;

/// <summary>Who somebody is: passwords, sessions, one-time codes and accounts elsewhere.</summary>
internal static class AccountsModule
{
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.AddSessions();
            options.AddTwoFactor();
            LinkedAccounts.AddTables(options);
        });
        builder.AddSessions();
        builder.Services.AddSingleton<SecondFactor>();
        builder.AddProviders();
    }

    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        app.MapSessions();
        app.MapPasswords();
        app.MapTwoFactor();
        app.MapProviders();
    }
}
