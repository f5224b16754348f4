using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using OtpNet;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Accounts.TwoFactor;

/// <summary>
/// One-time codes by RFC 6238 with what every authenticator takes: SHA-1, six digits, half a minute. The secret is sealed by
/// the member's key; of the recovery codes only keyed hashes are kept.
/// </summary>
internal sealed class SecondFactor(NpgsqlDataSource database, KeyRing ring, MasterKey master, TimeProvider clock)
{
    private const int RecoveryCodes = 10;
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    // Clocks of phones differ; half a minute each way is what the RFC recommends at most.
    private static readonly VerificationWindow Window = new(previous: 1, future: 1);

    /// <summary>What is wrong with the code that came with a sign-in; null: it is right, and used up, or none is needed.</summary>
    public async Task<ProblemHttpResult?> Refusal(Guid member, string? code, CancellationToken ct) =>
        !await IsOn(member, ct) ? null
        : code is null ? Problems.Problem(401, "one-time-code-required", "A one-time code or a recovery code is needed, too.")
        : await Use(member, code, ct) || await UseRecoveryCode(member, code, ct) ? null
        : Problems.Problem(401, "wrong-one-time-code", "The code is wrong or was used already.");

    public async Task<bool> IsOn(Guid member, CancellationToken ct)
    {
        await using var select = Command("select true from two_factor where member_id = $1 and confirmed", member);

        return await select.ExecuteScalarAsync(ct) is true;
    }

    /// <summary>A new secret, which counts once a code of it was shown; null where one is in use.</summary>
    public async Task<byte[]?> Begin(Guid member, CancellationToken ct)
    {
        var secret = KeyGeneration.GenerateRandomKey(OtpHashMode.Sha1);
        var sealedSecret = (await ring.Find([member], ct)).Seal(member, Convert.ToBase64String(secret));
        await using var insert = Command("""
            insert into two_factor (member_id, secret, confirmed, last_step) values ($1, $2, false, 0)
            on conflict (member_id) do update set secret = $2, last_step = 0 where not two_factor.confirmed
            """, member, sealedSecret.Ciphertext);

        return await insert.ExecuteNonQueryAsync(ct) == 1 ? secret : null;
    }

    /// <summary>Whether the code is right and its step, or a later one, was not used before; it is used by the asking.</summary>
    public async Task<bool> Use(Guid member, string code, CancellationToken ct)
    {
        await using var select = Command("select secret from two_factor where member_id = $1", member);
        if (await select.ExecuteScalarAsync(ct) is not string secret || (await ring.Find([member], ct)).Open(new Sealed(member, secret)) is not { } clear)
            return false;
        if (!Totp(Convert.FromBase64String(clear)).VerifyTotp(clock.GetUtcNow().UtcDateTime, Digits(code), out var step, Window))
            return false;

        await using var use = Command("update two_factor set last_step = $2 where member_id = $1 and last_step < $2", member, step);

        return await use.ExecuteNonQueryAsync(ct) == 1;
    }

    /// <summary>New recovery codes in place of the old ones, written with what the member did.</summary>
    public string[] Renew(IDocumentSession session, Guid member)
    {
        string[] codes = [.. Enumerable.Range(0, RecoveryCodes).Select(_ => RandomNumberGenerator.GetString(Alphabet, 10))];
        // Replicas that renew at once take turns by this row: nobody deletes codes that another has not committed yet.
        session.QueueSqlCommand("update two_factor set last_step = last_step where member_id = ?", member);
        session.QueueSqlCommand("delete from recovery_codes where member_id = ?", member);
        foreach (var code in codes)
            session.QueueSqlCommand("insert into recovery_codes (member_id, hash) values (?, ?)", member, Hash(member, code));

        return [.. codes.Select(code => $"{code[..5]}-{code[5..]}")];
    }

    public static void Confirm(IDocumentSession session, Guid member) =>
        session.QueueSqlCommand("update two_factor set confirmed = true where member_id = ?", member);

    public static void Forget(IDocumentSession session, Guid member)
    {
        session.QueueSqlCommand("delete from two_factor where member_id = ?", member);
        session.QueueSqlCommand("delete from recovery_codes where member_id = ?", member);
    }

    public async Task<int> RecoveryCodesLeft(Guid member, CancellationToken ct)
    {
        await using var count = Command("select count(*)::int from recovery_codes where member_id = $1", member);

        return (int)(await count.ExecuteScalarAsync(ct))!;
    }

    // Authenticators show it in two groups, and some keyboards write wide digits.
    private static string Digits(string code) => string.Concat(code.Normalize(NormalizationForm.FormKC).Where(char.IsAsciiLetterOrDigit));

    internal static Totp Totp(byte[] secret) => new(secret, step: 30, OtpHashMode.Sha1, totpSize: 6);

    private async Task<bool> UseRecoveryCode(Guid member, string code, CancellationToken ct)
    {
        await using var delete = Command("delete from recovery_codes where member_id = $1 and hash = $2", member, Hash(member, code));

        return await delete.ExecuteNonQueryAsync(ct) == 1;
    }

    private byte[] Hash(Guid member, string code) =>
        master.Hash("recovery-code", $"{member}\0{Digits(code).ToLowerInvariant()}");

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });

        return command;
    }
}

internal static class TwoFactorStorage
{
    public static void AddTwoFactor(this StoreOptions options)
    {
        var factors = new Table("two_factor");
        factors.AddColumn<Guid>("member_id").AsPrimaryKey();
        factors.AddColumn("secret", "text").NotNull();
        factors.AddColumn("confirmed", "boolean").NotNull();
        factors.AddColumn("last_step", "bigint").NotNull();
        var codes = new Table("recovery_codes");
        codes.AddColumn<Guid>("member_id").AsPrimaryKey();
        codes.AddColumn("hash", "bytea").AsPrimaryKey();
        options.Storage.ExtendedSchemaObjects.Add(factors);
        options.Storage.ExtendedSchemaObjects.Add(codes);
    }
}
