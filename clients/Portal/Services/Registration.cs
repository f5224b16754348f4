using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Http.Resilience;

namespace Community.Portal.Services;

internal static class Registration
{
    public static void AddServices(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddTransient<OnBehalfOfTheVisitor>();
        services.AddHttpClient<ContentService>(http => http.BaseAddress = new Uri("http://content")).AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        services.AddHttpClient<MembershipService>(http => http.BaseAddress = new Uri("http://membership")).AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        services.AddHttpClient<PaymentsService>(http => http.BaseAddress = new Uri("http://payments")).AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        services.AddHttpClient<AnalyticsService>(http => http.BaseAddress = new Uri("http://analytics")).AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        services.AddHttpClient<IncentivesService>(http => http.BaseAddress = new Uri("http://incentives")).AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        services.AddTransient<OperationsService>();

        foreach (var service in OperationsService.Services)
        {
            services.AddHttpClient(OperationsService.ClientOf(service), http => http.BaseAddress = new Uri($"http://{service}"))
                .AddHttpMessageHandler<OnBehalfOfTheVisitor>();
        }

        // Somebody looks at an empty page meanwhile: say soon that a service is away.
        services.ConfigureAll<HttpStandardResilienceOptions>(options =>
        {
            // Who is told to wait is told so on the page at once.
            var fault = options.Retry.ShouldHandle;
            options.Retry.ShouldHandle = attempt =>
                attempt.Outcome.Result?.StatusCode == HttpStatusCode.TooManyRequests ? ValueTask.FromResult(false) : fault(attempt);
            options.Retry.MaxRetryAttempts = 2;
            options.Retry.Delay = TimeSpan.FromMilliseconds(100);
            options.AttemptTimeout.Timeout = TimeSpan.FromSeconds(4);
            options.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(8);
            options.CircuitBreaker.SamplingDuration = TimeSpan.FromSeconds(10);
            options.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(2);
        });
        services.AddSingleton<CommunityProfile>();
        services.AddSingleton<WaitingWork>();
        services.AddScoped<Addresses>();
        services.AddScoped<Deeds>();
    }

    /// <summary>
    /// Asks with the visitor's token, and tells whose address it is: the services limit requests by it. And tells what the
    /// browser fetches beforehand: nobody has looked at it yet.
    /// </summary>
    private sealed class OnBehalfOfTheVisitor(IHttpContextAccessor accessor) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (accessor.HttpContext is { } visitor)
            {
                if (visitor.Connection.RemoteIpAddress is { } address)
                {
                    request.Headers.TryAddWithoutValidation("X-Forwarded-For", address.ToString());
                }

                foreach (var purpose in new[] { "Sec-Purpose", "Purpose" })
                {
                    if (visitor.Request.Headers.TryGetValue(purpose, out var values))
                    {
                        request.Headers.TryAddWithoutValidation(purpose, values.ToString());
                    }
                }

                // In which language a newcomer is written to, and how a session is named in their list.
                request.Headers.TryAddWithoutValidation("Accept-Language", System.Globalization.CultureInfo.CurrentUICulture.Name);
                request.Headers.TryAddWithoutValidation("User-Agent", visitor.Request.Headers.UserAgent.ToString());

                // While the session itself is being checked there is no token to ask with yet.
                if (visitor.User.Identity?.IsAuthenticated == true && await visitor.GetTokenAsync(Sessions.AccessToken) is { } token)
                {
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                }
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
