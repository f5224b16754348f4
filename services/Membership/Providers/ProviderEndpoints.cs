using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Accounts.TwoFactor;
using Community.Membership.Invitations;
using Community.Membership.Mail;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Providers;

/// <summary>
/// Signing in by GitHub or an OpenID provider. The client (the portal) asks for an address, sends the browser there, keeps the
/// state with that browser, and brings back the code that the browser returns with; it must refuse a state that it did not keep.
/// </summary>
internal static class ProviderEndpoints
{
    public static void AddProviders(this WebApplicationBuilder builder)
    {
        var providers = builder.Configuration.GetSection("SignIn:Providers").GetChildren().ToDictionary(section => section.Key, section => section.Get<ProviderSettings>()!);
        builder.ConfigureStore(LinkedAccounts.AddTables);
        builder.Services.AddHttpClient(nameof(Provider), client => client.Timeout = TimeSpan.FromSeconds(10));
        builder.Services.AddSingleton<LinkedAccounts>();
        builder.Services.AddSingleton(services => new KnownProviders(providers.ToDictionary(provider => provider.Key, provider => new Provider(
            provider.Key, provider.Value, services.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(Provider)), services.GetRequiredService<TimeProvider>()))));
    }

    public static void MapProviders(this IEndpointRouteBuilder app)
    {
        var providers = app.MapGroup("").WithTag("Providers", "Signing in by GitHub or an OpenID provider.");
        providers.MapGet("/sign-in-providers", (KnownProviders known) => TypedResults.Ok(new ProviderList([.. known.All.Values.Select(provider => new ListedProvider(provider.Name, provider.Kind))], null)))
            .AllowAnonymous().WithSummary("By which providers one can sign in here");
        providers.MapPost("/sign-ins", Begin).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials).ProducesProblem(404)
            .WithSummary("Begins a sign-in by a provider, or the linking of an account there where a member asks; answers where to send the browser");
        providers.MapPost("/sessions/by-provider", Complete).AllowAnonymous().RequireRateLimiting(RateLimits.Credentials)
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404)
            .WithSummary("Signs in with what the provider sent back; who is new joins as the community has arranged it");
        providers.MapGet("/members/me/sign-ins", Linked).WithSummary("The accounts elsewhere that one has linked");
        providers.MapPost("/members/me/sign-ins", LinkAccount).ProducesProblem(404).WithSummary("Links an account elsewhere, with what the provider sent back");
        providers.MapDelete("/members/me/sign-ins/{provider}", Unlink).ProducesProblem(409).WithSummary("Unlinks an account elsewhere; the last way to sign in stays");
    }

    private static async Task<Results<Ok<Begun>, ProblemHttpResult>> Begin(
        NewSignIn request, KnownProviders known, IConfiguration configuration, LinkedAccounts accounts, ClaimsPrincipal user, CancellationToken ct)
    {
        if (!known.All.TryGetValue(request.Provider, out var provider))
            return Problems.NotFound("provider");
        // The code goes to this address: only to one of the installation's own.
        if (!(configuration.GetSection("SignIn:RedirectUris").Get<string[]>() ?? []).Contains(request.RedirectUri, StringComparer.Ordinal))
            throw new InvalidParameter("redirectUri", "is not one of those that the community has configured");

        var link = user.FindSession() is null ? null : user.FindMemberId();
        var attempt = new Attempt(provider.Name, request.RedirectUri, LinkedAccounts.Secret(), LinkedAccounts.Secret(), link, Recognized: null);
        var state = await accounts.Begin(attempt, ct);
        try
        {
            return TypedResults.Ok(new Begun(state, await provider.Address(state, attempt, ct)));
        }
        catch (ProviderFault fault)
        {
            return Away(fault);
        }
    }

    private static async Task<Results<Ok<SessionTokens>, Accepted<Waiting>, ProblemHttpResult>> Complete(
        SignedIn request, [AsParameters] ProviderServices services, [AsParameters] SignInServices signIn, [AsParameters] JoinServices joining, HttpContext http, CancellationToken ct)
    {
        var (known, accounts, _, _) = services;
        var (admission, factor, lockout) = signIn;
        if (await accounts.Redeem(request.State, ct) is not { LinkTo: null } attempt || !known.All.TryGetValue(attempt.Provider, out var provider))
            return StateInvalid();

        Guid member;
        if (attempt.Recognized is { } recognized)
        {
            member = recognized;
        }
        else
        {
            Identity? identity;
            try
            {
                identity = await provider.Recognize(request.Code, attempt, ct);
            }
            catch (ProviderFault fault)
            {
                return Away(fault);
            }

            if (identity is null)
                return StateInvalid();

            var (who, answer) = await Whose(identity, provider.Name, request.InvitationCode, services, joining, http, ct);
            if (who is null)
                return answer is Accepted<Waiting> waiting ? waiting : (ProblemHttpResult)answer!;

            member = who.Value;
        }

        var account = $"two-factor {member}";
        if (await factor.IsOn(member, ct))
        {
            // A provider has said who it is: nobody else comes so far, and guesses from elsewhere are not counted here.
            var guess = await lockout.Begin(account, http, device: "provider", ct);
            if (guess.Wait is { } wait)
                return wait;
            if (await factor.Refusal(member, request.OneTimeCode, ct) is { } refusal)
            {
                if (request.OneTimeCode is null)
                    await guess.TakeBack(ct); // the first of two steps
                await accounts.Keep(request.State, attempt with { Recognized = member }, ct);

                return refusal;
            }

            await guess.Succeeded(ct);
        }

        return (await admission.Admit(member, by: null, http, ct)).Result switch
        {
            Ok<SessionTokens> tokens => tokens,
            var refused => (ProblemHttpResult)refused
        };
    }

    /// <summary>The member whose account it is: linked before, or by an address that both sides have verified, or one who joins now.</summary>
    private static async Task<(Guid? Member, IResult? Answer)> Whose(
        Identity identity, string provider, string? invitationCode, ProviderServices services, JoinServices joining, HttpContext http, CancellationToken ct)
    {
        var (_, accounts, store, clock) = services;
        var (registration, passwords, staff) = joining;
        if (await accounts.MemberOf(provider, identity.Subject, ct) is { } linked)
            return (linked, null);
        if (identity.Email is not { } email || !new AddressAttribute().IsValid(email))
            return (null, Problems.Problem(409, "address-unverified", "The provider has verified no address of yours; verify one there, or join by a password and link the account."));

        var now = clock.GetUtcNow();
        var (address, addresses) = (passwords.Find(email), passwords.FindAll(email));
        await using var session = store.QuerySession();
        if (await session.Query<Credentials>().FirstOrDefaultAsync(known => addresses.Contains(known.Address), ct) is { } credentials)
        {
            // Somebody may have registered with another's address and wait for its owner to come by the provider.
            if (await session.LoadAsync<MemberRow>(credentials.Id, ct) is not { Member.ConfirmedAt: not null })
                return (null, Problems.Problem(409, "address-taken", "A member has this address and has not confirmed it; sign in by password and link the account."));

            CommandMetadata.Set(CommandMetadata.Current with { By = credentials.Id.ToString() });
            var handled = await store.Handle(Account.Decider, credentials.Id, new LinkSignIn(provider, now), new CommandOptions
            {
                WriteWithEvents = document => accounts.Link(document, provider, identity.Subject, credentials.Id)
            }, ct);

            return handled.Rejection is { } rejection ? (null, rejection.ToProblem()) : (credentials.Id, null);
        }

        var id = Guid.CreateVersion7(now);
        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        var name = await Name(identity.Name, id, ct) ?? await Name(email.Split('@')[0], id, ct) ?? $"member-{id.ToString("N")[^8..]}";
        var entry = await registration.Enter(
            new Newcomer(id, name, AddressAttribute.Clean(email), Note: null, invitationCode, http.AskedLanguage(), provider),
            document =>
            {
                document.Insert(new Credentials(id, address, Password: ""));
                accounts.Link(document, provider, identity.Subject, id);
            }, ct);
        if (entry.Refusal is { } refusal)
            return (null, refusal);

        return entry.Member is null ? (null, TypedResults.Accepted((string?)null, new Waiting(id, "pending"))) : (id, null);

        // Nobody chose it here: what is not taken is left out.
        async Task<string?> Name(string? asked, Guid member, CancellationToken ct) =>
            DisplayName.Fault(asked) is null && !await staff.AreLike(asked!, member, isOfStaff: false, ct) ? asked!.Trim() : null;
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> LinkAccount(
        Returned request, ClaimsPrincipal user, [AsParameters] ProviderServices services, CancellationToken ct)
    {
        var (known, accounts, store, clock) = services;
        var id = user.MemberId();
        // The state must be of the member's own asking, or another's account would be linked to whoever follows a link.
        if (user.FindSession() is null || await accounts.Redeem(request.State, ct) is not { } attempt || attempt.LinkTo != id || !known.All.TryGetValue(attempt.Provider, out var provider))
            return StateInvalid();

        Identity? identity;
        try
        {
            identity = await provider.Recognize(request.Code, attempt, ct);
        }
        catch (ProviderFault fault)
        {
            return Away(fault);
        }

        if (identity is null)
            return StateInvalid();

        try
        {
            var handled = await store.Handle(Account.Decider, id, new LinkSignIn(provider.Name, clock.GetUtcNow()), new CommandOptions
            {
                WriteWithEvents = session => accounts.Link(session, provider.Name, identity.Subject, id)
            }, ct);

            return MemberEndpoints.Answer(handled.Rejection);
        }
        catch (Exception e) when (e.UniqueViolation() == LinkedAccounts.Key)
        {
            return Problems.Problem(409, "account-taken", "This account is linked to another member.");
        }
    }

    private static async Task<Ok<LinkedList>> Linked(ClaimsPrincipal user, LinkedAccounts accounts, CancellationToken ct) => TypedResults.Ok(new LinkedList(
        [.. (await accounts.Of(user.MemberId(), ct)).Select(account => new LinkedAccount(account.Provider, account.LinkedAt))], null));

    private static async Task<Results<NoContent, ProblemHttpResult>> Unlink(
        string provider, ClaimsPrincipal user, LinkedAccounts accounts, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var id = user.MemberId();
        if (user.FindSession() is null)
            return Problems.Forbidden("Only a member who is signed in may do this; a token may not.");

        await using var query = store.QuerySession();
        var linked = await accounts.Of(id, ct);
        if (linked.All(account => account.Provider != provider))
            return Problems.NotFound("account");
        if (linked.Count == 1 && (await query.LoadAsync<Credentials>(id, ct))?.Password.Length is 0)
            return Problems.Problem(409, "last-sign-in", "It is the only way to sign in; set a password first.");

        var handled = await store.Handle(Account.Decider, id, new UnlinkSignIn(provider, clock.GetUtcNow()), new CommandOptions
        {
            WriteInAnyCase = session => LinkedAccounts.Unlink(session, provider, id)
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static ProblemHttpResult StateInvalid() =>
        Problems.Problem(404, "sign-in-invalid", "This sign-in is not known, was used already, or is too old; begin again.");

    private static ProblemHttpResult Away(ProviderFault fault) => Problems.Problem(503, "provider-away", fault.Message);

    private sealed record ProviderServices(KnownProviders Known, LinkedAccounts Accounts, IDocumentStore Store, TimeProvider Clock);

    private sealed record SignInServices(Admission Admission, SecondFactor Factor, Lockout Lockout);

    private sealed record JoinServices(MemberRegistration Registration, Passwords Passwords, StaffNames Staff);

    private sealed record NewSignIn([Text(40)] string Provider, [Text(500)] string RedirectUri);

    /// <param name="State">To be kept with the browser, and compared with what it returns with.</param>
    /// <param name="Address">Where the browser is to go.</param>
    private sealed record Begun(string State, string Address);

    private sealed record SignedIn(
        [Text(200)] string State, [Text(2000)] string Code, [Text(40)] string? OneTimeCode = null, [Text(40)] string? InvitationCode = null);

    private sealed record Returned([Text(200)] string State, [Text(2000)] string Code);

    private sealed record ListedProvider(string Name, ProviderKind Kind);

    private sealed record ProviderList(IReadOnlyList<ListedProvider> Items, string? Next);

    private sealed record LinkedAccount(string Provider, DateTimeOffset LinkedAt);

    private sealed record LinkedList(IReadOnlyList<LinkedAccount> Items, string? Next);
}

/// <summary>Those that are configured, by name.</summary>
internal sealed record KnownProviders(IReadOnlyDictionary<string, Provider> All);
