using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Accounts.TwoFactor;

namespace Community.Membership.Accounts;

/// <summary>Who somebody is: passwords, sessions and one-time codes.</summary>
internal static class AccountsModule
{
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.AddSignIn();
            options.AddTwoFactor();
            options.AddSessions();
        });
        builder.Services.AddSignIn();
        builder.Services.AddSingleton<SecondFactor>();
        builder.AddSessions();
    }

    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        app.MapSessions();
        app.MapPasswords();
        app.MapAddresses();
        app.MapTwoFactor();
    }
}
