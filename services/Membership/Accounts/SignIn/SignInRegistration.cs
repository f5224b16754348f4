using Community.EventStore;
using Marten;
using Marten.Schema;

namespace Community.Membership.Accounts.SignIn;

internal static class SignInRegistration
{
    public static void AddSignIn(this StoreOptions options)
    {
        options.Schema.For<Credentials>().UniqueIndex(UniqueIndexType.Computed, Credentials.AddressIndex, credentials => credentials.Address);
        foreach (var table in Lockout.Tables())
            options.Storage.ExtendedSchemaObjects.Add(table);
    }

    public static void AddSignIn(this IServiceCollection services) => services
        .AddSingleton(Passwords.Hasher).AddSingleton<Passwords>().AddSingleton<Lockout>().AddSingleton<Devices>().AddSingleton<PasswordConfirmation>();
}
