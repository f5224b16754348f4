namespace Community.AppHost;

internal static class ServiceExtensions
{
    // A gigabyte: whoever makes a service want more gets an error, and the machine keeps the rest for the others.
    private const string Heap = "DOTNET_GCHeapHardLimit";
    private const string LargestHeap = "0x40000000";

    /// <summary>
    /// Runs what the build made. Aspire would have <c>dotnet run</c> do that, which costs a second and 85 MiB for each process.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AsBuilt(this IResourceBuilder<ProjectResource> builder)
    {
        var project = builder.Resource.GetProjectMetadata().ProjectPath;
        var directory = Path.GetDirectoryName(project)!; // the service's settings and static files are there
        var output = Path.GetRelativePath(builder.ApplicationBuilder.AppHostDirectory, AppContext.BaseDirectory); // of the same configuration as ours
        return builder
            .WithAnnotation(new ExecutableAnnotation { Command = Dotnet(), WorkingDirectory = directory })
            .WithArgs(Path.Combine(directory, output, $"Community.{Path.GetFileNameWithoutExtension(project)}.dll"))
            .WithEnvironment(Heap, Environment.GetEnvironmentVariable(Heap) ?? LargestHeap)
            .WithEnvironment(context => context.EnvironmentVariables.Remove("DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION")); // the lines go to files, too
    }

    // The runtime that runs us runs the services, whether or not its command is on the PATH.
    private static string Dotnet()
    {
        var shared = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var beside = Path.GetFullPath(Path.Combine(shared, "..", "..", "..", "dotnet"));
        return File.Exists(beside) ? beside : "dotnet";
    }
}
