namespace Community.Portal.Services;

/// <summary>The public profiles of those whom a page names, asked for at once.</summary>
public sealed class People
{
    public static readonly People Nobody = new([]);
    private readonly Dictionary<Guid, Profile> _known;

    private People(IEnumerable<Profile> profiles) => _known = profiles.ToDictionary(profile => profile.MemberId);

    public Profile? Find(Guid id) => _known.GetValueOrDefault(id);

    /// <summary>Where membership is away the page goes on without names.</summary>
    internal static async Task<People> Of(MembershipService membership, IEnumerable<Guid?> ids, CancellationToken ct)
    {
        var wanted = ids.OfType<Guid>().Distinct().ToList();

        return wanted.Count == 0 ? Nobody : new((await membership.Some(wanted, ct)).Value?.Items ?? []);
    }
}
