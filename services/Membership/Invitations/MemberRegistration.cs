using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Invitations;

/// <summary>How somebody comes in: at once, by an invitation, or as one who waits to be let in; as the community has it in its settings.</summary>
internal sealed class MemberRegistration(IDocumentStore store, KeyRing ring, MasterKey master, Passwords passwords, MailOutbox outbox, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/members", Register).AllowAnonymous().ProducesProblem(403)
        .WithTag("Members", "Who belongs to the community, and in which roles.")
        .WithSummary("Joins the community, or asks to be let in where it lets in one by one");

    private static async Task<Results<Created<NewProfile>, Accepted<Waiting>, ProblemHttpResult>> Register(
        NewMember request, [AsParameters] RegistrationServices services, HttpContext http, CancellationToken ct)
    {
        var (registration, passwords, staff, admission, clock) = services;
        var id = http.NewId(clock);
        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        await staff.Check(request.DisplayName, id, isOfStaff: false, ct);
        var credentials = passwords.Make(id, request.Email, request.Password);
        var newcomer = new Newcomer(id, request.DisplayName.Trim(), AddressAttribute.Clean(request.Email), request.Note?.Trim(), request.InvitationCode, http.AskedLanguage(), Provider: null);
        var entry = await registration.Enter(newcomer, session => session.Insert(credentials), ct);

        return entry switch
        {
            { Refusal: { } refusal } => refusal,
            { Member: { } member, Keys: { } keys } => TypedResults.Created($"/members/{id}", new NewProfile(
                Profile.Of(id, member, keys, clock.GetUtcNow(), withAddress: true)) { Session = await Session() }),
            _ => TypedResults.Accepted((string?)null, new Waiting(id, "pending"))
        };

        // Whoever has just chosen the password need not show it again: to check it costs as much as to hash it.
        async Task<SessionTokens?> Session() => request.SignIn && (await admission.Admit(id, credentials, http, ct)).Result is Ok<SessionTokens> { Value: var tokens } ? tokens : null;
    }

    /// <param name="write">What else comes with it, in the same transaction.</param>
    public async Task<Entry> Enter(Newcomer newcomer, Action<IDocumentSession> write, CancellationToken ct)
    {
        var (id, now) = (newcomer.Id, clock.GetUtcNow());
        var settings = await store.Settings(ct);
        if (newcomer.InvitationCode is null && settings.Registration == Registration.Invitation)
            return new(Problems.Problem(403, "invitation-needed", "Only who is invited can join."));

        if (await passwords.IsTakenInAnOlderForm(newcomer.Email, store, ct))
            return new(Credentials.AddressTaken());

        var keys = await ring.Create([id], ct);
        var (name, address) = (keys.Seal(id, newcomer.Name), keys.Seal(id, newcomer.Email));
        var join = new Join(name, address, now, Imported: false, newcomer.Language) { Provider = newcomer.Provider };
        Rejection? rejection;
        try
        {
            if (newcomer.InvitationCode is { } code)
            {
                var invitation = InvitationCode.Stream(code, master);
                var (state, _) = await store.Load(Invitation.Decider, invitation, asOf: null, ct);
                if (state is OpenInvitation { By: var by } && !await IsActive(by, now, ct))
                    return await Refused(new Rejection("invitation-unknown", "There is no such invitation."));

                var brought = join with { Invitation = state is OpenInvitation { By: var maker } ? (invitation, maker) : null };
                rejection = (await store.Handle(Invitation.Decider, invitation, new UseInvitation(id, now), new CommandOptions
                {
                    Together = [Besides.Of(Member.Decider, id, (MemberCommand)brought)],
                    WriteWithEvents = Write
                }, ct)).Rejection;
            }
            else
            {
                var command = settings.Registration == Registration.Approval
                    ? (MemberCommand)new Apply(name, address, newcomer.Note is { Length: > 0 } note ? keys.Seal(id, note) : null, newcomer.Language, now)
                    : join;
                rejection = (await store.Handle(Member.Decider, id, command, new CommandOptions { WriteWithEvents = Write }, ct)).Rejection;
            }
        }
        catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
        {
            await ring.Erase(id, ct);

            return new(Credentials.AddressTaken());
        }

        if (rejection is not null)
            return await Refused(rejection);

        return new(Refusal: null) { Member = (await store.LoadMember(id, asOf: null, ct)).State, Keys = keys };

        void Write(IDocumentSession session)
        {
            write(session);
            if (newcomer.Provider is null)
                outbox.Post(session, MailKind.ConfirmAddress, new(id, keys, name, address, newcomer.Language), settings, now);
        }

        async Task<Entry> Refused(Rejection reason)
        {
            // Under the same Idempotency-Key it may have joined before.
            if ((await store.Load(Member.Decider, id, asOf: null, ct)).Version == 0)
                await ring.Erase(id, ct);

            return new(reason.ToProblem());
        }
    }

    private async Task<bool> IsActive(Guid member, DateTimeOffset now, CancellationToken ct)
    {
        await using var session = store.QuerySession();

        return await session.LoadAsync<MemberRow>(member, ct) is { Member: var known } && known.Standing(now) == Standing.Active;
    }

    private sealed record RegistrationServices(
        MemberRegistration Registration, Passwords Passwords, StaffNames Staff, Admission Admission, TimeProvider Clock);
}

/// <param name="Provider">By which they sign in, and which has verified the address; null: by a password.</param>
internal sealed record Newcomer(Guid Id, string Name, string Email, string? Note, string? InvitationCode, Language? Language, string? Provider);

/// <summary>What came of it: a refusal, a member, or neither: somebody who waits to be let in.</summary>
internal sealed record Entry(ProblemHttpResult? Refusal)
{
    public MemberDetails? Member { get; init; }

    public MemberKeys? Keys { get; init; }
}

/// <summary>Who registered waits to be let in.</summary>
internal sealed record Waiting(Guid MemberId, string Status);

/// <summary>The profile of who has just joined.</summary>
internal sealed record NewProfile : Profile
{
    public NewProfile(Profile profile) : base(profile) { }

    /// <summary>Where one was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SessionTokens? Session { get; init; }
}

/// <param name="Note">For who lets in, where registration is by approval.</param>
/// <param name="SignIn">Whether the answer is to hold a session, too.</param>
internal sealed record NewMember(
    [Address] string Email, [Password] string Password, [DisplayName] string DisplayName,
    [Text(40)] string? InvitationCode = null, [Text(1000, MultiLine = true, MayBeBlank = true)] string? Note = null, bool SignIn = false);
