using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Members;
using Community.Web;
using JasperFx.Events.Projections;
using Marten;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Invitations;

internal static class InvitationEndpoints
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(14);
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(90);

    public static void MapOwnInvitations(this IEndpointRouteBuilder app)
    {
        var invitations = app.MapGroup("/invitations").WithTag("Invitations", "By which members bring others.");
        invitations.MapPost("", Make).WithSummary("Makes an invitation that lets some people join, in every mode of registration");
        invitations.MapGet("", List).WithSummary("One's own invitations, and who joined by them");
        invitations.MapGet("/{id}", Read).WithSummary("An invitation; for its maker and operators");
        invitations.MapDelete("/{id}", Withdraw).WithSummary("Withdraws an invitation; who has joined by it stays");
    }

    private static async Task<Results<Created<InvitationView>, ProblemHttpResult>> Make(
        NewInvitation request, ClaimsPrincipal user, [AsParameters] InvitationServices services, CancellationToken ct)
    {
        var (store, ring, master, clock) = services;
        var (member, now) = (user.MemberId(), clock.GetUtcNow());
        var expires = request.ExpiresAt ?? now + UsualLife;
        if (expires <= now || expires > now + LongestLife)
            throw new InvalidParameter("expiresAt", $"must be in the future, and within {LongestLife.TotalDays} days");

        var keys = await ring.Find([member], ct);
        var code = InvitationCode.New();
        var id = InvitationCode.Stream(code, master);
        var made = await store.Handle(Invitation.Decider, id, new MakeInvitation(member, keys.Seal(member, code), request.Uses, expires, now), ct);

        return TypedResults.Created($"/invitations/{id}", InvitationView.Of(id, (OpenInvitation)made.State, keys));
    }

    private static async Task<Ok<Page<InvitationView>>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, IDocumentStore store, KeyRing ring, CancellationToken ct)
    {
        var member = user.MemberId();
        var after = paging.Key<Guid>(out var last) ? last : Guid.Empty;
        await using var session = store.QuerySession();
        var mine = await session.Query<InvitationRow>().Where(row => row.By == member && row.MatchesSql("d.id > ?", after))
            .OrderBy(row => row.Id).Take(paging.Size + 1).ToListAsync(ct);
        var keys = await ring.Find([member], ct);

        return TypedResults.Ok(paging.Page(
            [.. mine.Select(row => InvitationView.Of(row.Id, row.Invitation, keys))],
            view => view.InvitationId));
    }

    private static async Task<Results<Ok<InvitationView>, ProblemHttpResult>> Read(
        Guid id, ClaimsPrincipal user, IDocumentStore store, KeyRing ring, CancellationToken ct)
    {
        var (state, _) = await store.Load(Invitation.Decider, id, asOf: null, ct);

        return state is OpenInvitation invitation && MayTouch(user, invitation)
            ? TypedResults.Ok(InvitationView.Of(id, invitation, await ring.Find([invitation.By], ct)))
            : Problems.NotFound("invitation");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Withdraw(
        Guid id, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var mine = Invitation.Decider.Where(state => state is OpenInvitation invitation && MayTouch(user, invitation));
        var handled = await store.Handle(mine, id, new WithdrawInvitation(user.MemberId(), clock.GetUtcNow()), ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static bool MayTouch(ClaimsPrincipal user, OpenInvitation invitation) => invitation.By == user.MemberId() || user.May(Role.Operator);

    private sealed record InvitationServices(IDocumentStore Store, KeyRing Ring, MasterKey Master, TimeProvider Clock);

    private sealed record NewInvitation(
        [property: Range(1, 100, ErrorMessage = "must be from 1 to 100")] int Uses = 1, DateTimeOffset? ExpiresAt = null);

    /// <param name="Uses">How many may join by it in all.</param>
    /// <param name="Joined">Who has.</param>
    private sealed record InvitationView(
        Guid InvitationId, string? Code, int Uses, IReadOnlyList<Guid> Joined, DateTimeOffset ExpiresAt, DateTimeOffset CreatedAt, bool Withdrawn)
    {
        public static InvitationView Of(Guid id, OpenInvitation invitation, MemberKeys keys) => new(
            id, keys.Open(invitation.Code), invitation.Uses, invitation.Joined, invitation.ExpiresAt, invitation.At, invitation.Withdrawn);
    }
}
