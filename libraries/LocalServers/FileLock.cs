namespace Community.LocalServers;

/// <summary>A lock between processes on a file that stays. The kernel frees it when its holder ends, however it ends.</summary>
internal static class FileLock
{
    /// <summary>Held by nobody else; null where somebody holds it, also shared.</summary>
    public static FileStream? Exclusive(string file) => Open(file, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Held by others of this kind too; null where somebody holds it exclusively.</summary>
    public static FileStream? Shared(string file) => Open(file, FileAccess.Read, FileShare.Read);

    private static FileStream? Open(string file, FileAccess access, FileShare share)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, access, share);
        }
        catch (IOException) when (File.Exists(file))
        {
            return null;
        }
    }
}
