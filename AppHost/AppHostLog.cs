using Community.LocalServers;
using Microsoft.Extensions.Logging;

namespace Community.AppHost;

internal static class AppHostLogExtensions
{
    /// <summary>The console is the services'; what Aspire says of itself stands in DIR/logs/apphost.log. We end as our user or launcher does.</summary>
    public static IDistributedApplicationBuilder UseConsoleOf(this IDistributedApplicationBuilder builder, DataDirectory data)
    {
        builder.Services.AddLogging(logging => logging.ClearProviders().AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddProvider(new AppHostLog(LogFile.New(data.Logs, "apphost"))));
        builder.Services.AddSingleton<IHostLifetime, ShutdownLifetime>();
        return builder;
    }
}

internal sealed class AppHostLog(string file) : ILoggerProvider
{
    private readonly TextWriter log = TextWriter.Synchronized(new StreamWriter(file) { AutoFlush = true });

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, log);

    public void Dispose() => log.Dispose();

    private sealed class Category(string name, TextWriter log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.WriteLine($"{TimeProvider.System.GetUtcNow():O} {logLevel} {name}: {formatter(state, exception)}{(exception is null ? "" : $"\n{exception}")}");
        }
    }
}
