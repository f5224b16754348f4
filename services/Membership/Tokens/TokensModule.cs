using Community.EventStore;
using Community.Web;
using JasperFx.Events.Projections;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Tokens;

internal static class TokensModule
{
    public static void AddTokens(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add(new TokenRows(), ProjectionLifecycle.Inline);
            options.Schema.For<TokenRow>().Index(row => row.MemberId);
            var keys = new Table("signing_keys");
            keys.AddColumn<string>("id").AsPrimaryKey();
            keys.AddColumn("wrapped", "bytea").NotNull();
            keys.AddColumn("made_at", "timestamptz").NotNull();
            options.Storage.ExtendedSchemaObjects.Add(keys);
        });
        builder.Services
            .AddSingleton<SigningKeys>()
            .AddSingleton<IConfigurationManager<OpenIdConnectConfiguration>>(services => services.GetRequiredService<SigningKeys>())
            .AddSingleton<AccessTokens>();
    }
}
