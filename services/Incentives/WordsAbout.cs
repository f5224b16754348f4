using Community.EventStore;
using Community.Privacy;
using Npgsql;

namespace Community.Incentives;

/// <summary>What staff write about a member may name the member: it is sealed by the member's key and goes with it.</summary>
internal sealed class WordsAbout(KeyRing keys, NpgsqlDataSource database)
{
    /// <inheritdoc cref="Erasures.SealAbout"/>
    public Task<Sealed?> Seal(Guid member, string? words, CancellationToken ct) => keys.SealAbout(database, member, words, ct);

    /// <summary>The keys that open what read models keep of it.</summary>
    public Task<MemberKeys> KeysOf(IEnumerable<Guid> members, CancellationToken ct) => keys.Find([.. members.Distinct()], ct);
}
