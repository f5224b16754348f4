namespace Community.Portal.Services;

/// <summary>The public profiles of those whom a page names, asked for at once.</summary>
public sealed class People
{
    public static readonly People Nobody = new([], told: true);
    private readonly Dictionary<Guid, Profile> _known;

    private People(IEnumerable<Profile> profiles, bool told) => (_known, AreTold) = (profiles.ToDictionary(profile => profile.MemberId), told);

    /// <summary>Whether membership answered; where it did not, a missing name says nothing of its member.</summary>
    public bool AreTold { get; }

    public Profile? Find(Guid id) => _known.GetValueOrDefault(id);

    /// <summary>Where membership is away the page goes on without names.</summary>
    internal static async Task<People> Of(MembershipService membership, IEnumerable<Guid?> ids, CancellationToken ct)
    {
        var wanted = ids.OfType<Guid>().Distinct().ToList();

        if (wanted.Count == 0)
        {
            return Nobody;
        }

        var answer = await membership.Some(wanted, ct);

        return new(answer.Value?.Items ?? [], answer.IsGiven);
    }
}
