using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Community.AppHost.LocalServers;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

internal interface IResourceBuilder<out T> where T : Resource
{
    IDistributedApplicationBuilder ApplicationBuilder { get; }

    T Resource { get; }
}

internal sealed record ResourceBuilder<T>(IDistributedApplicationBuilder ApplicationBuilder, T Resource) : IResourceBuilder<T> where T : Resource;

internal abstract class Resource(string name)
{
    private bool stopping;

    public string Name => name;

    /// <summary>Done when it is healthy; fails with what kept it from that.</summary>
    public Task Healthy { get; private set; } = Task.FromException(new InvalidOperationException($"{name} is not started."));

    public List<Resource> Awaited { get; } = [];

    public virtual IEnumerable<int> Ports => [];

    public void Begin(CancellationToken ct) => Healthy = StartInTurn(ct);

    public async Task Stop()
    {
        stopping = true;
        await Healthy.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // its start has been cancelled, or is over
        await End();
    }

    protected virtual Task Start(CancellationToken ct) => Task.CompletedTask;

    protected virtual Task End() => Task.CompletedTask;

    /// <summary>Says so when a healthy process ends without having been told to.</summary>
    protected async Task Watch(string process, Child child, string logFile)
    {
        var exitCode = await child.Exited;
        if (!stopping && Healthy.IsCompletedSuccessfully)
            await Console.Error.WriteLineAsync($"{process} ended with exit code {exitCode}. Its last lines, from {logFile}:\n{Child.LastLines(logFile)}");
    }

    private async Task StartInTurn(CancellationToken ct)
    {
        await Task.WhenAll(Awaited.Select(resource => resource.Healthy));
        await Start(ct);
    }
}

internal interface IResourceWithConnectionString
{
    string Name { get; }

    /// <summary>Known once the resource is healthy.</summary>
    string ConnectionString { get; }
}

internal sealed class ParameterResource(string name, string value) : Resource(name)
{
    public string Value => value;
}

/// <summary>Text whose parts become known while the system starts.</summary>
internal sealed class ReferenceExpression(IReadOnlyList<Func<string>> parts)
{
    public string Value => string.Concat(parts.Select(part => part()));

    [InterpolatedStringHandler]
    internal readonly struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        private readonly List<Func<string>> parts = new(formattedCount + (literalLength > 0 ? 1 : 0));

        public void AppendLiteral(string value) => parts.Add(() => value);

        public void AppendFormatted(string text) => AppendLiteral(text);

        public void AppendFormatted(IResourceBuilder<PostgresDatabaseResource> database) => parts.Add(() => database.Resource.ConnectionString);

        public ReferenceExpression GetExpression() => new(parts);
    }
}

internal static class ParameterExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, string value, bool secret = false)
    {
        // Secret or not makes a difference to Aspire's dashboard and manifest only, and there is none here.
        _ = secret;
        return builder.AddResource(new ParameterResource(name, builder.Configuration[$"Parameters:{name}"] ?? value));
    }
}
