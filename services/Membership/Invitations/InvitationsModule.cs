using Community.EventStore;
using JasperFx.Events.Projections;

namespace Community.Membership.Invitations;

internal static class InvitationsModule
{
    public static void AddInvitations(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            options.Projections.Add(new InvitationRows(), ProjectionLifecycle.Inline);
            options.Schema.For<InvitationRow>().Index(row => row.By);
            options.Projections.Add(new ApplicantRows(), ProjectionLifecycle.Inline);
        });
        builder.Services.AddSingleton<MemberRegistration>();
    }

    public static void MapInvitations(this IEndpointRouteBuilder app)
    {
        MemberRegistration.Map(app);
        app.MapOwnInvitations();
        app.MapApplications();
    }
}
