namespace Community.AppHost;

internal static class LogFile
{
    /// <summary>The file of one resource; the one of the last run is kept beside it.</summary>
    public static string New(string directory, string resource)
    {
        var file = Path.Combine(directory, $"{resource}.log");
        if (File.Exists(file))
            File.Move(file, Path.Combine(directory, $"{resource}.previous.log"), overwrite: true);
        return file;
    }
}
