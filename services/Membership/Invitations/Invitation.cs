using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Community.Membership.Invitations;

internal abstract record InvitationCommand(DateTimeOffset At);

internal sealed record MakeInvitation(Guid By, Sealed Code, int Uses, DateTimeOffset ExpiresAt, DateTimeOffset At) : InvitationCommand(At);

internal sealed record UseInvitation(Guid MemberId, DateTimeOffset At) : InvitationCommand(At);

internal sealed record WithdrawInvitation(Guid By, DateTimeOffset At) : InvitationCommand(At);

/// <summary>One stream for each code, so that of many who use the last place at once one gets it.</summary>
internal abstract record Invitation
{
    public static readonly Decider<Invitation, InvitationCommand, InvitationEvent> Decider = new(new NoInvitation(), Decide, Evolve);

    private static Decision<InvitationEvent> Decide(Invitation invitation, InvitationCommand command) => (invitation, command) switch
    {
        (NoInvitation, MakeInvitation c) => new InvitationMade(c.By, c.Code, c.Uses, c.ExpiresAt, c.At),
        (OpenInvitation, MakeInvitation) => Decision.Nothing,
        (NoInvitation, _) => new Rejection("invitation-unknown", "There is no such invitation."),
        (OpenInvitation i, UseInvitation c) when i.Joined.Contains(c.MemberId) => Decision.Nothing,
        (OpenInvitation { Withdrawn: true }, UseInvitation) => new Rejection("invitation-withdrawn", "The invitation was withdrawn."),
        (OpenInvitation i, UseInvitation c) when i.ExpiresAt <= c.At => new Rejection("invitation-expired", "The invitation is no longer good."),
        (OpenInvitation i, UseInvitation) when i.Joined.Count >= i.Uses => new Rejection("invitation-used-up", "The invitation was used as often as it may be."),
        (OpenInvitation, UseInvitation c) => new InvitationUsed(c.MemberId, c.At),
        (OpenInvitation { Withdrawn: true }, WithdrawInvitation) => Decision.Nothing,
        (OpenInvitation, WithdrawInvitation c) => new InvitationWithdrawn(c.By, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static OpenInvitation Evolve(Invitation invitation, InvitationEvent @event) => (invitation, @event) switch
    {
        (NoInvitation, InvitationMade e) => new OpenInvitation(e.By, e.Code, e.Uses, e.ExpiresAt, e.At, [], Withdrawn: false),
        (OpenInvitation i, InvitationUsed e) => i with { Joined = i.Joined.Add(e.MemberId) },
        (OpenInvitation i, InvitationWithdrawn) => i with { Withdrawn = true },
        _ => throw new UnreachableException($"{@event.GetType().Name} cannot follow {invitation.GetType().Name}.")
    };
}

internal sealed record NoInvitation : Invitation;

internal sealed record OpenInvitation(
    Guid By, Sealed Code, int Uses, DateTimeOffset ExpiresAt, DateTimeOffset At, ImmutableList<Guid> Joined, bool Withdrawn) : Invitation;

internal static class InvitationCode
{
    // No letters or digits that are taken for one another.
    private const string Alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

    public static string New() => RandomNumberGenerator.GetString(Alphabet, 12);

    /// <summary>The stream of the code, as people copy it: in any case of letters, with blanks and dashes.</summary>
    public static Guid Stream(string code, MasterKey master) => StreamId.Of(
        "invitation", Convert.ToBase64String(master.Hash("invitation", string.Concat(code.Normalize(NormalizationForm.FormKC).Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant())));
}

internal sealed record InvitationRow(Guid Id, Guid By, OpenInvitation Invitation);

internal sealed partial class InvitationRows : SingleStreamProjection<InvitationRow, Guid>
{
    public InvitationRows() => IncludeType<InvitationEvent>();

    public override InvitationRow? Evolve(InvitationRow? snapshot, Guid id, IEvent e) =>
        e.Data is InvitationEvent fact && Invitation.Decider.Evolve(snapshot?.Invitation ?? Invitation.Decider.Initial, fact) is OpenInvitation invitation
            ? new InvitationRow(id, invitation.By, invitation)
            : snapshot;
}
