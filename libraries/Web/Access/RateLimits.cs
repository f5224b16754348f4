using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Web;

/// <summary>
/// Requests per minute: of a member (<c>RateLimits:PerMinute</c>), of an address that is not signed in
/// (<c>RateLimits:AnonymousPerMinute</c>) and of an address at endpoints that take passwords (<c>RateLimits:CredentialsPerMinute</c>,
/// at once as many as <c>RateLimits:CredentialsBurst</c>). And answers without an end that are open at once: of a member
/// (<c>RateLimits:Streams</c>) and of an address that is not signed in (<c>RateLimits:AnonymousStreams</c>). Tokens with scope <c>import</c> are not counted.
/// </summary>
public static class RateLimits
{
    /// <summary>The policy of endpoints that take passwords: <c>.RequireRateLimiting(RateLimits.Credentials)</c>.</summary>
    public const string Credentials = "credentials";

    /// <summary>The policy of endpoints whose answer goes on until the caller leaves.</summary>
    public const string Streams = "streams";

    internal static void AddRateLimits(this IServiceCollection services, IConfiguration configuration)
    {
        var limits = configuration.GetSection("RateLimits");
        var (members, anonymous) = (limits.GetValue("PerMinute", 600), limits.GetValue("AnonymousPerMinute", 300));
        // A class or an office joins and signs in through one address, sixty in a minute, each in two steps. Who guesses is stopped by the lockout, by failures.
        var (credentials, burst) = (limits.GetValue("CredentialsPerMinute", 60), limits.GetValue("CredentialsBurst", 180));

        // A member has a few devices with a few pages each; behind one address may be an office.
        var (streams, anonymousStreams) = (limits.GetValue("Streams", 20), limits.GetValue("AnonymousStreams", 100));

        services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
                http.User.HasScope("import") ? RateLimitPartition.GetNoLimiter("import")
                : http.User.FindMemberId() is { } member ? Bucket($"member {member}", members, members)
                : Bucket($"address {http.Origin()}", anonymous, anonymous));
            options.AddPolicy(Credentials, http => Bucket($"address {http.Origin()}", credentials, burst));
            options.AddPolicy(Streams, http => http.User.FindMemberId() is { } member
                ? Open($"member {member}", streams)
                : Open($"address {http.Origin()}", anonymousStreams));
            options.OnRejected = async (context, _) =>
            {
                var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
                context.HttpContext.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                await context.HttpContext.RequestServices.GetRequiredService<IProblemDetailsService>().WriteAsync(new() { HttpContext = context.HttpContext });
            };
        });
    }

    private static RateLimitPartition<string> Bucket(string who, int perMinute, int burst) =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => new()
        {
            TokenLimit = burst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / perMinute,
            QueueLimit = 0
        });

    private static RateLimitPartition<string> Open(string who, int atOnce) =>
        RateLimitPartition.GetConcurrencyLimiter(who, _ => new() { PermitLimit = atOnce, QueueLimit = 0 });
}
