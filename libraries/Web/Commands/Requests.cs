using System.Diagnostics;
using Community.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Community.Web;

public static class Requests
{
    /// <summary>
    /// After authentication: who asks is stored with every event of the request. And every answer depends on who asks, if only
    /// in that another would be refused it.
    /// </summary>
    public static IApplicationBuilder UseCommandMetadata(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        CommandMetadata.Set(new CommandMetadata(
            context.User.FindFirst("sub")?.Value,
            Activity.Current?.SpanId.ToString() ?? context.TraceIdentifier,
            Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier)
        {
            ByStaff = context.User.FindMemberId() is not null && context.User.May("operator", "moderator", "reviewer")
        });
        context.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Authorization);

        return next(context);
    });

    /// <summary>
    /// The id of what the request creates: under an <c>Idempotency-Key</c> the one given when the key was first seen, so
    /// that a request repeated after a crash finds what it had made; else a new one.
    /// </summary>
    public static Guid NewId(this HttpContext context, TimeProvider clock) =>
        context.Features.Get<IdempotentRequest>()?.Id ?? Guid.CreateVersion7(clock.GetUtcNow());
}
