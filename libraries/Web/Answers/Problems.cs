using Community.EventStore;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Web;

public static class Problems
{
    /// <summary>A refusal by a rule of the domain: 404 where what is addressed is not there, else 409, unless the caller knows better.</summary>
    public static ProblemHttpResult ToProblem(this Rejection rejection, int? status = null) => Problem(
        status ?? (rejection.Code == Rejection.NotFound.Code ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict), rejection.Code, rejection.Detail);

    public static ProblemHttpResult NotFound(string what) =>
        Problem(StatusCodes.Status404NotFound, "not-found", $"There is no such {what}.");

    public static ProblemHttpResult Forbidden(string detail) =>
        Problem(StatusCodes.Status403Forbidden, "forbidden", detail);

    public static ProblemHttpResult Problem(int status, string code, string detail) => TypedResults.Problem(
        statusCode: status, type: $"urn:community:{code}", title: Title(code), detail: detail);

    /// <summary>Problems of what the store throws.</summary>
    public static void AddStoreProblems(this IServiceCollection services) =>
        // Before the handler that turns all that is left into 500.
        services.Insert(0, ServiceDescriptor.Singleton<IExceptionHandler, StoreExceptionHandler>());

    private static string Title(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('-', ' ');
}

/// <summary>Version conflicts are 409 or 412; a database that is away, or events of a newer release, are 503, to be tried again.</summary>
internal sealed class StoreExceptionHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        var problem = exception switch
        {
            VersionConflictException { PreconditionFailed: true } => Problems.Problem(
                StatusCodes.Status412PreconditionFailed, "version-mismatch", "It has changed since the version in If-Match."),
            VersionConflictException => Problems.Problem(
                StatusCodes.Status409Conflict, "version-conflict", "It was changed by somebody else at the same time."),
            // Deciding on what is known of the stream would be deciding on half of it.
            Marten.Exceptions.UnknownEventTypeException => Problems.Problem(
                StatusCodes.Status503ServiceUnavailable, "newer-release", "A newer release of this service has written what this one cannot read; try again shortly."),
            _ when exception.IsDatabaseAway() => Problems.Problem(
                StatusCodes.Status503ServiceUnavailable, "database-away", "The database does not answer; try again shortly."),
            _ => null
        };

        if (problem is null)
        {
            return false;
        }

        if (problem.StatusCode == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "5";
        }

        await problem.ExecuteAsync(context);

        return true;
    }
}
