namespace Community.Client;

/// <summary>What a portal tells of its community at <see cref="Path"/>.</summary>
/// <param name="Services">The addresses of the APIs by name, as <c>membership</c>; null where the portal does not know one.</param>
public sealed record CommunityDocument(string? Name, IReadOnlyDictionary<string, Uri?>? Services)
{
    public const string Path = "/.well-known/community.json";
}
