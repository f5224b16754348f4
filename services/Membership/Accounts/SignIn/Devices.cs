using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Community.EventStore;

namespace Community.Membership.Accounts.SignIn;

/// <summary>
/// What a client keeps of a sign-in, to be known by at the next: guesses from elsewhere do not lock it out. It opens nothing by
/// itself. Nothing is kept here: the token is signed by a key of the master's.
/// </summary>
internal sealed class Devices(MasterKey master, TimeProvider clock)
{
    private const int Seconds = 8;
    private const int Chance = 16;
    private static readonly TimeSpan Life = TimeSpan.FromDays(400);

    public string New(Guid member)
    {
        var told = new byte[Seconds + Chance];
        BinaryPrimitives.WriteInt64BigEndian(told, clock.GetUtcNow().ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(told.AsSpan(Seconds));

        return Base64Url.EncodeToString([.. told, .. Sign(member, told)]);
    }

    /// <summary>What tells this device from others of the member; null: the token is none of the member's, or too old.</summary>
    public string? Find(Guid member, string? token)
    {
        var bytes = new byte[Seconds + Chance + SHA256.HashSizeInBytes];
        if (token is null || Base64Url.DecodeFromChars(token, bytes, out _, out var written) != OperationStatus.Done || written != bytes.Length)
            return null;

        var told = bytes.AsSpan(0, Seconds + Chance);
        var age = clock.GetUtcNow().ToUnixTimeSeconds() - BinaryPrimitives.ReadInt64BigEndian(told);

        return CryptographicOperations.FixedTimeEquals(Sign(member, told), bytes.AsSpan(told.Length)) && age <= Life.TotalSeconds
            ? Convert.ToHexString(told[Seconds..])
            : null;
    }

    private byte[] Sign(Guid member, ReadOnlySpan<byte> told) => master.Hash("device", $"{member}\0{Convert.ToHexString(told)}");
}
