using Community.EventStore;

namespace Community.Payments.Gateways;

/// <summary>
/// Money that came neither by a gateway nor by a coupon: cash, a transfer. In place of the reference that tells one money from
/// another stands a keyed digest, the same however the reference is written.
/// </summary>
internal sealed class OfflineMoney(StaffNotes notes, MasterKey master)
{
    /// <summary>Where a gateway's name would stand.</summary>
    public const string Gateway = "offline";

    private const string Mark = "ref-";

    public async Task<Receipt> Receipt(Guid member, string reference, CancellationToken ct) =>
        new(Gateway, Digest(reference)) { Words = await notes.Seal(member, reference.Trim(), ct) };

    public string Digest(string reference) =>
        $"{Mark}{Convert.ToHexStringLower(master.Hash("offline-reference", NormalizedText.Reference(reference).ToUpperInvariant()))}";

    /// <summary>As <see cref="Digest"/>, of what may be one already.</summary>
    public string DigestOf(string number) => number.StartsWith(Mark, StringComparison.Ordinal) && number.Length == Mark.Length + 64 ? number : Digest(number);
}
