using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Web;
using JasperFx.Events;
using Marten;
using Marten.Events.Aggregation;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Invitations;

/// <summary>Who asks to be let in, where the community lets in one by one.</summary>
internal sealed record ApplicantRow(Guid Id, Applied Applicant);

internal sealed partial class ApplicantRows : SingleStreamProjection<ApplicantRow, Guid>
{
    public ApplicantRows()
    {
        IncludeType<MemberApplied>();
        DeleteEvent<MemberJoined>();
        DeleteEvent<ApplicationDeclined>();
    }

    public static ApplicantRow Create(IEvent<MemberApplied> e) => new(e.StreamId, (Applied)Member.Decider.Evolve(Member.Decider.Initial, e.Data));
}

internal static class Applications
{
    public static void MapApplications(this IEndpointRouteBuilder app)
    {
        var applications = app.MapGroup("/applications").RequireRoles(Role.Moderator, Role.Operator)
            .WithTag("Applications", "Who asks to be let in, where registration is by approval.");
        applications.MapGet("", List).WithSummary("Who waits to be let in, the longest first");
        applications.MapPost("/{id}/approval", Approve).WithSummary("Lets somebody in");
        applications.MapPost("/{id}/refusal", Refuse).WithSummary("Declines, and forgets who it was");
    }

    private static async Task<Ok<Page<ApplicationView>>> List([AsParameters] Paging paging, IDocumentStore store, KeyRing ring, CancellationToken ct)
    {
        var after = paging.Key<Guid>(out var last) ? last : Guid.Empty;
        await using var session = store.QuerySession();
        var rows = await session.Query<ApplicantRow>().Where(row => row.MatchesSql("d.id > ?", after)).OrderBy(row => row.Id).Take(paging.Size + 1).ToListAsync(ct);
        var keys = await ring.Find([.. rows.Select(row => row.Id)], ct);

        return TypedResults.Ok(paging.Page(
            [.. rows.Select(row => new ApplicationView(row.Id, keys.Open(row.Applicant.Name), keys.Open(row.Applicant.Address), keys.Open(row.Applicant.Note), row.Applicant.At))],
            view => view.MemberId));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Approve(
        Guid id, ClaimsPrincipal user, [AsParameters] ApprovalServices services, CancellationToken ct)
    {
        var (store, ring, outbox, clock) = services;
        var now = clock.GetUtcNow();
        var settings = await store.Settings(ct);
        var (state, _) = await store.Load(Member.Decider, id, asOf: null, ct);
        var keys = await ring.Find([id], ct);
        var handled = await store.Handle(Member.Decider, id, new LetIn(user.MemberId(), now), new CommandOptions
        {
            WriteWithEvents = session =>
            {
                if (state is Applied applicant)
                    outbox.Post(session, MailKind.LetIn, new(id, keys, applicant.Name, applicant.Address, applicant.Language), settings, now);
            }
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Refuse(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var handled = await store.Handle(Member.Decider, id, new Decline(user.MemberId(), clock.GetUtcNow()), new CommandOptions
        {
            WriteWithEvents = session =>
            {
                session.Delete<Credentials>(id);
                session.EraseKey(id);
            }
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private sealed record ApprovalServices(IDocumentStore Store, KeyRing Ring, MailOutbox Outbox, TimeProvider Clock);

    private sealed record ApplicationView(Guid MemberId, string? DisplayName, string? Email, string? Note, DateTimeOffset AppliedAt);
}
