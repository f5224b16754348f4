using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Community.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Community.Web;

/// <summary>Every error leaves as a problem of RFC 9457 with a type <c>urn:community:&lt;code&gt;</c>.</summary>
internal static class ProblemAnswers
{
    private const string Prefix = "urn:community:";

    internal static void AddProblems(this IServiceCollection services)
    {
        // Ahead of the framework's writer, which falls silent when the client does not ask for JSON.
        services.AddSingleton<IProblemDetailsWriter, Writer>();
        services.AddProblemDetails();
        services.AddExceptionHandler<FaultOfTheRequest>();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    internal static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use((context, next) =>
        {
            // The framework's own JSON reader answers an unknown charset with a 500, and one in quotation marks, which HTTP allows, is unknown to it.
            if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || type.Charset.Length == 0)
                return next(context);
            if (HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            {
                type.Charset = "utf-8";
                context.Request.ContentType = type.ToString();

                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;

            return Task.CompletedTask;
        });
    }

    /// <summary>
    /// Refuses a body that says it is too large. It is read and dropped, within reason: a client that is still sending
    /// when the server hangs up never sees the answer.
    /// </summary>
    internal static void UseBodyLimit(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is not { IsReadOnly: false, MaxRequestBodySize: { } most } limit
            || context.Request.ContentLength is not { } length || length <= most)
        {
            await next(context);
            return;
        }

        if (length <= 4 * Access.LargestBody)
        {
            limit.MaxRequestBodySize = length;
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }

        context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
    });

    private static (string Code, string Title, string Detail) Usual(int status) => status switch
    {
        400 => ("malformed-request", "Malformed request", "The request cannot be understood."),
        401 => ("unauthenticated", "Not authenticated", "A valid bearer token is needed."),
        403 => ("forbidden", "Forbidden", "The token does not allow this."),
        404 => ("not-found", "Not found", "There is nothing at this address."),
        405 => ("method-not-allowed", "Method not allowed", "This address does not know this method."),
        408 => ("request-timeout", "Request timeout", "The request did not arrive in time."),
        409 => ("conflict", "Conflict", "The request does not fit the present state."),
        410 => ("gone", "Gone", "This is no longer there."),
        412 => ("precondition-failed", "Precondition failed", "The version named in If-Match is not the present one."),
        413 => ("body-too-large", "Body too large", "The body is larger than this address takes."),
        415 => ("media-type-not-supported", "Media type not supported", "This address takes application/json in UTF-8."),
        429 => ("too-many-requests", "Too many requests", "Wait for as long as Retry-After says."),
        503 => ("unavailable", "Unavailable", "Something that this service needs does not answer now."),
        >= 500 => ("unexpected", "Unexpected error", "This is a fault of ours; the traceId leads to it."),
        _ => ("refused", "Refused", "The request was refused.")
    };

    private sealed class Writer : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var http = context.HttpContext;
            var problem = context.ProblemDetails;
            var status = problem.Status ??= http.Response.StatusCode;
            var ours = problem.Type?.StartsWith(Prefix, StringComparison.Ordinal) == true;
            var (code, title, detail) = Usual(status);

            if (problem is HttpValidationProblemDetails { Errors: var errors } && !ours)
            {
                (code, title, detail) = ("validation-failed", "Validation failed", "Some fields are not valid; errors names them.");
                problem = Problem(status, code, title, detail, errors.ToDictionary(error => FieldName(error.Key), error => error.Value));
            }
            else if (!ours)
            {
                problem = Problem(status, code, title, problem.Detail ?? detail, null, problem.Extensions);
            }

            problem.Title ??= title;
            problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
            http.Response.StatusCode = status;
            if (status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests && http.Response.Headers.RetryAfter.Count == 0)
                http.Response.Headers.RetryAfter = "5";

            await http.Response.WriteAsJsonAsync(problem, problem.GetType(), Json.Options, "application/problem+json", http.RequestAborted);
        }

        private static ProblemDetails Problem(int status, string code, string title, string? detail, IDictionary<string, string[]>? errors, IDictionary<string, object?>? extensions = null)
        {
            var problem = errors is null ? new ProblemDetails() : new HttpValidationProblemDetails(errors);
            (problem.Status, problem.Type, problem.Title, problem.Detail) = (status, Prefix + code, title, detail);
            foreach (var (name, value) in extensions ?? new Dictionary<string, object?>())
                problem.Extensions[name] = value;

            return problem;
        }
    }

    /// <summary>Bad input and a dependency that is down are no bugs; all else goes on to the framework, which logs it as a 500.</summary>
    private sealed class FaultOfTheRequest(IProblemDetailsService problems) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            ProblemDetails? problem = exception switch
            {
                InvalidParameter fault => new HttpValidationProblemDetails { Status = 400, Errors = { [fault.Field] = [fault.Fault] } },
                BadHttpRequestException { InnerException: JsonException fault, StatusCode: 400 } => Json(fault),
                BadHttpRequestException fault => new ProblemDetails { Status = fault.StatusCode, Detail = fault.StatusCode == 400 ? Binding(fault.Message) : null },
                KeysAwayException => new ProblemDetails { Status = 503 },
                _ when Causes(exception).Any(cause => cause is DbException { IsTransient: true }) => new ProblemDetails { Status = 503 },
                _ => null
            };
            if (problem is null)
                return false;

            httpContext.Response.StatusCode = problem.Status!.Value;

            return await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = problem, Exception = exception });
        }

        private static ProblemDetails Json(JsonException fault)
        {
            var missing = Patterns.MissingMembers().Match(fault.Message);
            if (missing.Success)
            {
                return new HttpValidationProblemDetails(Patterns.Quoted().Matches(missing.Value).ToDictionary(
                    name => Within(fault.Path, name.Groups[1].Value), _ => new[] { "is required" }))
                { Status = 400 };
            }

            var field = Within(fault.Path, "");

            return field.Length == 0
                ? new ProblemDetails { Status = 400, Detail = "The body is not JSON as this address takes it." }
                : new HttpValidationProblemDetails { Status = 400, Errors = { [field] = ["has the wrong type or form"] } };
        }

        private static string Within(string? path, string name) =>
            $"{path?.TrimStart('$').TrimStart('.')}.{name}".Trim('.');

        // "Failed to bind parameter "Guid id" from "abc"." names our types; the reader wants the parameter.
        private static string? Binding(string message) =>
            Patterns.Bound().Match(message) is { Success: true } match ? $"The value given for {match.Groups[1].Value} has the wrong form."
            : Patterns.Required().Match(message) is { Success: true } absent ? $"{absent.Groups[1].Value} is required."
            : null;

        private static IEnumerable<Exception> Causes(Exception exception)
        {
            for (var cause = exception; cause is not null; cause = cause.InnerException)
                yield return cause;
        }
    }

    private static string FieldName(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}

internal static partial class Patterns
{
    [GeneratedRegex("missing required properties including: .*")]
    internal static partial Regex MissingMembers();

    [GeneratedRegex("'([^']+)'")]
    internal static partial Regex Quoted();

    [GeneratedRegex("^Failed to bind parameter \"[^\"]* (\\w+)\"")]
    internal static partial Regex Bound();

    [GeneratedRegex("^Required parameter \"[^\"]* (\\w+)\"")]
    internal static partial Regex Required();
}
