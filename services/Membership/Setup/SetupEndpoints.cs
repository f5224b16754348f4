using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Membership.Accounts.Sessions;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Setup;

internal static class SetupEndpoints
{
    public static void AddSetup(this WebApplicationBuilder builder) => builder.Services.AddSingleton<SetupToken>().AddHostedService<SayHowToSetUp>();

    public static void MapSetup(this IEndpointRouteBuilder app)
    {
        var founding = app.MapGroup("").AllowAnonymous().WithTag("Community", "The community itself, and how it begins.");
        founding.MapGet("/setup", async (IDocumentStore store, CancellationToken ct) =>
            TypedResults.Ok(new SetupState((await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, ct)).State is NotSetUp)))
            .WithSummary("Whether the community still waits for its owner");
        founding.MapPost("/setup", SetUp).RequireRateLimiting(RateLimits.Credentials).ProducesProblem(403)
            .WithSummary("Makes the first account, the owner's");
    }

    private static async Task<Results<Created<Profile>, ProblemHttpResult>> SetUp(
        Setup request, SetupToken token, IDocumentStore store, KeyRing ring, Passwords passwords, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        if ((await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, ct)).State is IsSetUp)
            return Problems.Problem(409, "already-set-up", "The community has an owner already.");
        if (!token.Is(request.SetupToken))
            return Problems.Forbidden("This is not the setup token.");

        var id = http.NewId(clock);
        var now = clock.GetUtcNow();
        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        var keys = await ring.Create([id], ct);
        var joined = new MemberJoined(keys.Seal(id, request.DisplayName.Trim()), keys.Seal(id, AddressAttribute.Clean(request.Email)), now, Imported: false);
        var granted = new RoleGranted(Roles.Owner, id, now);
        var credentials = passwords.Make(id, request.Email, request.Password);

        try
        {
            var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, new SetUpCommunity(request.CommunityName.Trim(), id, now), new CommandOptions
            {
                Together = [Besides.Append(id, joined, granted)],
                WriteWithEvents = session => session.Insert(credentials)
            }, ct);

            if (handled.Rejection is { } rejection)
            {
                await ring.Erase(id, ct);

                return rejection.ToProblem();
            }
        }
        catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
        {
            await ring.Erase(id, ct);

            return MemberRegistration.AddressTaken();
        }

        var owner = (Joined)Member.Decider.Evolve(Member.Decider.Evolve(Member.Decider.Initial, joined), granted);

        return TypedResults.Created($"/members/{id}", Profile.Of(id, owner, keys, now, withAddress: true));
    }

    private sealed record Setup(
        string SetupToken, [Address] string Email, [Password] string Password, [DisplayName] string DisplayName, [Text(80)] string CommunityName);

    private sealed record SetupState(bool Open);
}

/// <summary>Giving and taking the role of owner: decided for the whole community, and noted with the member in the same transaction.</summary>
internal static class Ownership
{
    public static async Task<Results<NoContent, ProblemHttpResult>> Give(Guid member, Guid by, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if ((await store.Load(Member.Decider, member, asOf: null, ct)).State is not Joined { DepartedAt: null, ErasedAt: null })
            return Problems.NotFound("member");

        var give = new GiveOwnership(member, by, clock.GetUtcNow());
        var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, give, new CommandOptions
        {
            Together = [Besides.Of(Member.Decider, member, new GrantRole(Roles.Owner, by, give.At))]
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> Take(Guid member, Guid by, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        if ((await store.Load(Member.Decider, member, asOf: null, ct)).State is not Joined)
            return Problems.NotFound("member");

        var take = new TakeOwnership(member, by, clock.GetUtcNow());
        var revoked = await store.TokensWith(Roles.Owner, member, take.At, ct);
        var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, take, new CommandOptions
        {
            Together = [Besides.Append(member, new RoleRevoked(Roles.Owner, by, take.At)), .. revoked]
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }
}

/// <summary>The one-time token of <c>POST /setup</c>, from <c>Setup:Token</c>; where none is configured, one made for this run.</summary>
internal sealed class SetupToken(IConfiguration configuration)
{
    public string? Made { get; } = string.IsNullOrEmpty(configuration["Setup:Token"]) ? RandomNumberGenerator.GetHexString(32, lowercase: true) : null;

    public bool Is(string given) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(Made ?? configuration["Setup:Token"]!)));
}

/// <summary>A membership that runs alone tells its operator, and nobody else, how to begin.</summary>
internal sealed class SayHowToSetUp(SetupToken token, IDocumentStore store, ILogger<SetupToken> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (token.Made is { } made && (await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, stoppingToken)).State is NotSetUp)
            log.LogWarning("No owner yet: POST /setup with the setup token {SetupToken}", made);
    }
}
