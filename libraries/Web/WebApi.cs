using Community.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Community.Web;

/// <summary>What every service with an HTTP API has before its first own line.</summary>
public static class WebApi
{
    /// <summary>The host's defaults, and access, problems, limits, JSON and the description of the API.</summary>
    public static WebApplicationBuilder AddWebApi(this WebApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1024 * 1024);
        builder.Services.ConfigureHttpJsonOptions(options => Json.Configure(options.SerializerOptions));
        RequestTypes.AddTo(builder.Services);
        builder.Services.AddStoreProblems();
        builder.Services.AddProblems();
        builder.Services.AddAccess(builder.Configuration);
        builder.Services.AddRateLimits(builder.Configuration);
        builder.Services.AddDescription(builder.Environment.ApplicationName);

        return builder;
    }

    /// <summary>The pipeline of an API service and its common endpoints; stands before the service's own.</summary>
    public static WebApplication MapWebApi(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseSecurityHeaders("default-src 'none'; frame-ancestors 'none'", except: OpenApi.Page);
        app.UseProblems();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseBodyLimit();
        app.UseAuthorization();
        app.UseScopesWhereAnybodyMay();
        app.UseIsoDates();
        app.MapHealth();
        app.MapDescription();

        return app;
    }
}
