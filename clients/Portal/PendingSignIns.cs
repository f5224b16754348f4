using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Community.Portal;

internal sealed record Credentials(string Email, string Password);

/// <summary>What was typed at the first step of signing in, for the second: encrypted, for ten minutes. The portal keeps nothing.</summary>
internal sealed class PendingSignIns(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("pending-sign-in").ToTimeLimitedDataProtector();

    public string Keep(Credentials given) => _protector.Protect(JsonSerializer.Serialize(given), Life);

    /// <summary>Null where it is too old, or none of ours.</summary>
    public Credentials? Open(string kept)
    {
        try
        {
            return JsonSerializer.Deserialize<Credentials>(_protector.Unprotect(kept));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
