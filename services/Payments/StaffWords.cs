using Community.EventStore;
using Community.Payments.Orders;
using Community.Privacy;
using Npgsql;

namespace Community.Payments;

/// <summary>
/// What staff write about a member's money may name the member: it is sealed by the member's key and goes with it. Of a
/// reference that tells one money from another a keyed digest stands in its place, the same however it is written.
/// </summary>
internal sealed class StaffWords(KeyRing keys, MasterKey master, NpgsqlDataSource database)
{
    private const string Mark = "ref-";

    /// <summary>Null: the member is erased, and nothing is kept.</summary>
    public Task<Sealed?> Seal(Guid member, string words, CancellationToken ct) => keys.SealAbout(database, member, words, ct);

    /// <summary>The receipt of money that came without a gateway.</summary>
    public async Task<Receipt> Receipt(Guid member, string reference, CancellationToken ct) =>
        new(Pricing.Offline, Digest(reference)) { Words = await Seal(member, reference.Trim(), ct) };

    public string Digest(string reference) =>
        $"{Mark}{Convert.ToHexStringLower(master.Hash("offline-reference", Words.Reference(reference).ToUpperInvariant()))}";

    /// <summary>As <see cref="Digest"/>, of what may be one already.</summary>
    public string DigestOf(string number) => number.StartsWith(Mark, StringComparison.Ordinal) && number.Length == Mark.Length + 64 ? number : Digest(number);
}
