namespace Community.Testing;

/// <summary>What grows while a program works: a movement for <see cref="Eventually"/>.</summary>
public static class Written
{
    /// <returns>Bytes in all files of a directory; 0 where it is not there.</returns>
    public static long In(string directory) => Directory.Exists(directory)
        ? new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
        : 0;
}
