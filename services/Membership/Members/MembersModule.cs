using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Membership.Members;

internal static class MembersModule
{
    public static void AddMembers(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add(new MemberRows(), ProjectionLifecycle.Inline);
            options.Schema.For<MemberRow>().Index(row => row.DueAt!).GinIndexJsonData(); // who has a role is asked at each new name
            options.Storage.ExtendedSchemaObjects.Add(Avatars.Table());
        });
        builder.Services.AddSingleton<StaffNames>().AddHostedService<ExpiryJob>();
    }
}
