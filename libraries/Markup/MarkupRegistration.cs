using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Community.Markup;

public static class MarkupRegistration
{
    /// <summary>Adds <see cref="RenderedTexts"/>.</summary>
    public static void AddMarkup(this IServiceCollection services)
    {
        services.AddSingleton<RenderedTexts>();
        services.AddHostedService<FirstText>();
    }

    /// <summary>The first text takes a second, for all code that renders is compiled then: nobody has to wait for that.</summary>
    private sealed class FirstText(RenderedTexts texts) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
            texts.Get("# A\n\n*b* **c** [d](https://e.f) `g`\n\n| h | i |\n| - | - |\n| j | k |\n\n- l\n\n> m\n\n```csharp\nn\n```", stoppingToken).AsTask();
    }
}
