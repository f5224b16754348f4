using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Setup;

internal static class SetupEndpoints
{
    public static void AddSetup(this WebApplicationBuilder builder) => builder.Services.AddSingleton<SetupToken>().AddHostedService<LogSetupToken>();

    public static void MapSetup(this IEndpointRouteBuilder app)
    {
        var setup = app.MapGroup("").AllowAnonymous().WithTag("Community", "The community itself, and how it begins.");
        setup.MapGet("/setup", async (IDocumentStore store, CancellationToken ct) =>
            TypedResults.Ok(new SetupState((await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, ct)).State is NotSetUp)))
            .WithSummary("Whether the community still waits for its owner");
        setup.MapPost("/setup", SetUp).RequireRateLimiting(RateLimits.Credentials).ProducesProblem(403)
            .WithSummary("Makes the first account, the owner's");
    }

    private static async Task<Results<Created<Profile>, ProblemHttpResult>> SetUp(
        Setup request, [AsParameters] SetupServices services, HttpContext http, CancellationToken ct)
    {
        var (token, store, ring, passwords, clock) = services;
        if ((await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, ct)).State is IsSetUp)
            return Problems.Problem(409, "already-set-up", "The community has an owner already.");
        if (!token.Is(request.SetupToken))
            return Problems.Forbidden("This is not the setup token.");

        var id = http.NewId(clock);
        var now = clock.GetUtcNow();
        CommandMetadata.Set(CommandMetadata.Current with { By = id.ToString() });
        var keys = await ring.Create([id], ct);
        var joined = new MemberJoined(keys.Seal(id, request.DisplayName.Trim()), keys.Seal(id, AddressAttribute.Clean(request.Email)), now, Imported: false);
        var granted = new RoleGranted(Role.Owner, id, now);
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

            return Credentials.AddressTaken();
        }

        var owner = MemberDetails.Evolve(MemberDetails.Evolve(null, joined), granted)!;

        return TypedResults.Created($"/members/{id}", Profile.Of(id, owner, keys, now, withAddress: true));
    }

    private sealed record SetupServices(SetupToken Token, IDocumentStore Store, KeyRing Ring, Passwords Passwords, TimeProvider Clock);

    private sealed record Setup(
        string SetupToken, [Address] string Email, [Password] string Password, [DisplayName] string DisplayName, [Text(80)] string CommunityName);

    private sealed record SetupState(bool Open);
}

/// <summary>The one-time token of <c>POST /setup</c>, from <c>Setup:Token</c>; where none is configured, one made for this run.</summary>
internal sealed class SetupToken(IConfiguration configuration)
{
    public string? Made { get; } = string.IsNullOrEmpty(configuration["Setup:Token"]) ? RandomNumberGenerator.GetHexString(32, lowercase: true) : null;

    public bool Is(string given) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(Made ?? configuration["Setup:Token"]!)));
}

/// <summary>A membership that runs alone tells its operator, and nobody else, how to begin.</summary>
internal sealed class LogSetupToken(SetupToken token, IDocumentStore store, ILogger<SetupToken> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (token.Made is { } made && (await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, stoppingToken)).State is NotSetUp)
            log.LogWarning("No owner yet: POST /setup with the setup token {SetupToken}", made);
    }
}
