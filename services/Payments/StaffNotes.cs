using Community.EventStore;
using Community.Privacy;
using Npgsql;

namespace Community.Payments;

/// <summary>What staff write about a member's money may name the member: it is sealed by the member's key and goes with it.</summary>
internal sealed class StaffNotes(KeyRing keys, NpgsqlDataSource database)
{
    /// <summary>Null: the member is erased, and nothing is kept.</summary>
    public Task<Sealed?> Seal(Guid member, string note, CancellationToken ct) => keys.SealAbout(database, member, note, ct);
}
