using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Community.Web;

/// <summary>What the tokens of one installation have in common; membership writes by it what all services check.</summary>
public sealed record TokenRules(string Issuer, string Audience)
{
    /// <summary>The <c>typ</c> of RFC 9068: no other JWT signed by the same key passes for an access token.</summary>
    public const string Type = "at+jwt";

    public static TokenRules From(IConfiguration configuration) =>
        new(configuration["Tokens:Issuer"] ?? "urn:community:membership", configuration["Tokens:Audience"] ?? "urn:community");
}

/// <summary>What of a token counts now, however long it is good for.</summary>
/// <param name="IsRevoked">It is refused with 401.</param>
/// <param name="WithdrawnRoles">Roles that it may name and its member has no more; with the others it is good.</param>
public readonly record struct TokenState(bool IsRevoked, IReadOnlyCollection<string> WithdrawnRoles)
{
    public static TokenState Good { get; } = new(false, []);

    public static TokenState Revoked { get; } = new(true, []);
}

/// <summary>
/// A service that knows which tokens, members and roles are stopped registers this; it is asked at each request.
/// </summary>
public interface ITokenRevocation
{
    ValueTask<TokenState> Check(ClaimsPrincipal token, CancellationToken ct);
}

/// <summary>Who may call an endpoint. All endpoints need a token unless they say <c>AllowAnonymous</c>.</summary>
public static class Access
{
    internal const long LargestBody = 10 * 1024 * 1024;

    /// <summary>The member that the token is for.</summary>
    public static Guid MemberId(this ClaimsPrincipal member) =>
        member.FindMemberId() ?? throw new InvalidOperationException("Only endpoints that need a token may ask for its member.");

    /// <summary>The member that the token is for; null where nobody is signed in.</summary>
    public static Guid? FindMemberId(this ClaimsPrincipal member) =>
        Guid.TryParseExact(member.FindFirstValue("sub"), "D", out var id) ? id : null;

    /// <summary>True if the member has one of the roles; an owner may all that an operator may.</summary>
    public static bool May(this ClaimsPrincipal member, params ReadOnlySpan<string> roles)
    {
        foreach (var role in roles)
        {
            if (member.IsInRole(role) || (role == "operator" && member.IsInRole("owner")))
                return true;
        }

        return false;
    }

    /// <summary>The endpoint needs one of these roles; an owner may all that an operator may.</summary>
    public static TBuilder RequireRoles<TBuilder>(this TBuilder endpoint, params string[] roles) where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(policy => policy.AddRequirements(new Permitted(roles)));

    /// <summary>The endpoint is for API tokens with this scope, whatever its method.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoint, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new NeededScope(scope)).RequireAuthorization();

    /// <summary>The endpoint takes bodies up to 10 MiB, ten times the usual: for batches of an import.</summary>
    public static TBuilder AllowLargeBody<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequestSizeLimitAttribute(LargestBody));

    /// <summary>True for an API token with the scope; a session's token has no scopes.</summary>
    public static bool HasScope(this ClaimsPrincipal token, string scope) =>
        token.FindAll("scope").Any(claim => claim.Value.Split(' ').Contains(scope, StringComparer.Ordinal));

    internal static void AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        var rules = TokenRules.From(configuration);
        services.AddSingleton(rules);
        services.AddSingleton<CheckedTokens>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IServiceProvider, TimeProvider, IHttpClientFactory, CheckedTokens>((options, provider, clock, clients, known) =>
            {
                options.MapInboundClaims = false;
                // Membership reads its own keys where it keeps them.
                options.ConfigurationManager = provider.GetService<IConfigurationManager<OpenIdConnectConfiguration>>()
                    ?? new PublishedKeys(clients.CreateClient(nameof(PublishedKeys)));
                options.TokenValidationParameters = new()
                {
                    ValidIssuer = rules.Issuer,
                    ValidAudience = rules.Audience,
                    ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
                    ValidTypes = [TokenRules.Type],
                    NameClaimType = "name",
                    RoleClaimType = "role",
                    RequireExpirationTime = true,
                    LifetimeValidator = (_, expires, _, _) => expires > clock.GetUtcNow().UtcDateTime
                };
                options.Events = new()
                {
                    OnMessageReceived = context => Recall(context, known),
                    OnTokenValidated = async context =>
                    {
                        known.Add(context.Request, context.Principal!, context.SecurityToken.ValidTo);

                        var (present, fault) = await Now(context.Principal!, context.HttpContext);
                        if (present is null)
                            context.Fail(fault!);
                        else
                            context.Principal = present;
                    }
                };
            });
        PublishedKeys.AddClient(services);
        services.AddAuthorizationBuilder()
            .SetDefaultPolicy(new AuthorizationPolicyBuilder().AddRequirements(new Permitted([])).Build())
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new Permitted([])).Build());
        services.AddSingleton<IAuthorizationHandler, Permitted.Handler>();
    }

    /// <summary>
    /// Where anybody may, no authorization asks for a scope, and the answer may still depend on who asks: a token that does not
    /// reach so far is nobody's there. After authorization.
    /// </summary>
    internal static void UseScopesWhereAnybodyMay(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null && http.User.Identity?.IsAuthenticated == true && !IsWithinScopes(http.User, http))
            http.User = new ClaimsPrincipal(new ClaimsIdentity());

        return next(http);
    });

    private static bool IsWithinScopes(ClaimsPrincipal token, HttpContext? http)
    {
        if (http?.GetEndpoint()?.Metadata.GetMetadata<NeededScope>() is { Scope: var scope })
            return token.HasScope(scope);
        if (!token.HasClaim(claim => claim.Type == "scope"))
            return true;

        return http is not null && token.HasScope(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? "read" : "write");
    }

    private static async Task Recall(MessageReceivedContext context, CheckedTokens known)
    {
        if (known.Find(context.Request) is not { } principal)
            return;

        // A token is stopped at once, however lately it was checked.
        var (present, fault) = await Now(principal, context.HttpContext);
        if (present is null)
        {
            context.Fail(fault!);
            return;
        }

        context.Principal = present;
        context.Success();
    }

    /// <summary>The token as it counts now; null, with the reason: it does not.</summary>
    private static async ValueTask<(ClaimsPrincipal? Present, string? Fault)> Now(ClaimsPrincipal token, HttpContext http)
    {
        if (token.FindMemberId() is null)
            return (null, "The token names no member.");
        if (http.RequestServices.GetService<ITokenRevocation>() is not { } revocation)
            return (token, null);

        var state = await revocation.Check(token, http.RequestAborted);

        return state.IsRevoked ? (null, "The token is revoked.") : (Without(state.WithdrawnRoles, token), null);
    }

    // A copy: the token that is kept may get its role back.
    private static ClaimsPrincipal Without(IReadOnlyCollection<string> roles, ClaimsPrincipal token)
    {
        return roles.Count == 0 || !token.HasClaim(IsWithdrawn)
            ? token
            : new(token.Identities.Select(identity => new ClaimsIdentity(
                identity.Claims.Where(claim => !IsWithdrawn(claim)), identity.AuthenticationType, identity.NameClaimType, identity.RoleClaimType)));

        bool IsWithdrawn(Claim claim) => claim.Type == "role" && roles.Contains(claim.Value);
    }

    /// <summary>Tokens whose signature was checked within the last minute: to check it takes as long as a small command.</summary>
    private sealed class CheckedTokens(TimeProvider clock) : IDisposable
    {
        private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
        private readonly MemoryCache _tokens = new(new MemoryCacheOptions { SizeLimit = 4096 });

        public ClaimsPrincipal? Find(HttpRequest request) =>
            _tokens.TryGetValue(request.Headers.Authorization.ToString(), out Known? known) && known!.Expires > clock.GetUtcNow().UtcDateTime ? known.Principal : null;

        public void Add(HttpRequest request, ClaimsPrincipal principal, DateTime expires) =>
            _tokens.Set(request.Headers.Authorization.ToString(), new Known(principal, expires), new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Life });

        public void Dispose() => _tokens.Dispose();

        private sealed record Known(ClaimsPrincipal Principal, DateTime Expires);
    }

    private sealed record NeededScope(string Scope);

    /// <summary>Signed in, by role, and within what an API token's scopes allow.</summary>
    private sealed record Permitted(string[] Roles) : IAuthorizationRequirement
    {
        internal sealed class Handler : AuthorizationHandler<Permitted>
        {
            protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Permitted requirement)
            {
                var http = context.Resource as HttpContext;
                // No endpoint, or the routing's own 405 or 415: nothing to guard, and 401 would hide the true answer.
                var unguarded = http is not null && http.GetEndpoint() is not RouteEndpoint;
                var roles = requirement.Roles.Length == 0 || context.User.May(requirement.Roles);

                if (unguarded || (context.User.Identity?.IsAuthenticated == true && roles && IsWithinScopes(context.User, http)))
                    context.Succeed(requirement);

                return Task.CompletedTask;
            }
        }
    }
}
