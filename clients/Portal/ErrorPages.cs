using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;

namespace Community.Portal;

/// <summary>What a visitor sees in place of a page that could not be shown.</summary>
internal static class ErrorPages
{
    public static void UseErrorPages(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandlingPath = "/error",
            CreateScopeForErrors = true,
            StatusCodeSelector = fault => fault is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError
        });
        app.UseStatusCodePagesWithReExecute("/errors/{0}", createScopeForStatusCodePages: true);
        app.Use(AskForPage);
    }

    // The page that tells of a fault is asked for like any other: it must not fail because of the form that was sent.
    private static async Task AskForPage(HttpContext http, RequestDelegate next)
    {
        if (http.Features.Get<IStatusCodeReExecuteFeature>() is null && http.Features.Get<IExceptionHandlerFeature>() is null)
        {
            await next(http);

            if (!http.Response.HasStarted && http.Response.StatusCode >= StatusCodes.Status400BadRequest)
            {
                http.Response.ContentType = null; // components set it before they refuse a form; with it the answer passes for one that has a page
            }

            return;
        }

        var method = http.Request.Method;
        http.Request.Method = HttpMethods.IsHead(method) ? method : HttpMethods.Get;
        http.Features.Set<IAntiforgeryValidationFeature>(null);

        try
        {
            await next(http);
        }
        finally
        {
            http.Request.Method = method;
        }
    }
}
