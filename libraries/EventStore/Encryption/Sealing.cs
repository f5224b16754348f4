using System.Security.Cryptography;
using System.Text;
using Marten;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Weasel.Core;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.EventStore;

/// <summary>Personal data as events and read models hold it: unreadable once the key of its subject is deleted.</summary>
/// <param name="KeyId">The member whose key seals it.</param>
/// <param name="Ciphertext">Base64 of nonce (12 bytes), tag (16 bytes) and AES-256-GCM ciphertext of the UTF-8 text.</param>
public sealed record Sealed(Guid KeyId, string Ciphertext);

/// <summary>The key that wraps all others, from <c>Sealing:MasterKey</c>: base64 of 32 bytes.</summary>
public sealed class MasterKey
{
    private readonly byte[] _wrapping;
    private readonly byte[] _hashing;

    public MasterKey(string base64)
    {
        var key = new byte[32];

        if (!Convert.TryFromBase64String(base64, key, out var length) || length != key.Length)
        {
            throw new InvalidOperationException("Sealing:MasterKey must be the base64 form of 32 random bytes.");
        }

        _wrapping = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "wrapping"u8.ToArray());
        _hashing = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "hashing"u8.ToArray());
    }

    public byte[] Wrap(ReadOnlySpan<byte> clear) => Encrypt(_wrapping, clear);

    /// <exception cref="CryptographicException">It was wrapped by another master key, or changed.</exception>
    public byte[] Unwrap(ReadOnlySpan<byte> wrapped) => Decrypt(_wrapping, wrapped);

    /// <summary>HMAC-SHA-256 for looking personal data up without keeping it: stable, and useless without the master key.</summary>
    public byte[] Hash(string purpose, string value) =>
        HMACSHA256.HashData(_hashing, Encoding.UTF8.GetBytes($"{purpose}\0{value}"));

    internal static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> clear)
    {
        var box = new byte[12 + 16 + clear.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, 12));
        using var aes = new AesGcm(key, 16);
        aes.Encrypt(box.AsSpan(0, 12), clear, box.AsSpan(28), box.AsSpan(12, 16));

        return box;
    }

    internal static byte[] Decrypt(byte[] key, ReadOnlySpan<byte> box)
    {
        if (box.Length < 28)
        {
            throw new CryptographicException("Too short to be sealed.");
        }

        var clear = new byte[box.Length - 28];
        using var aes = new AesGcm(key, 16);
        aes.Decrypt(box[..12], box[28..], box[12..28], clear);

        return clear;
    }
}

/// <summary>The keys of some members, for sealing and opening at the edge.</summary>
public sealed class MemberKeys
{
    private readonly IReadOnlyDictionary<Guid, byte[]> _keys;

    internal MemberKeys(IReadOnlyDictionary<Guid, byte[]> keys) => _keys = keys;

    public Sealed Seal(Guid member, string clear) =>
        new(member, Convert.ToBase64String(MasterKey.Encrypt(_keys[member], Encoding.UTF8.GetBytes(clear))));

    /// <summary>Null where there is nothing to open, or where the key was deleted: the member is erased.</summary>
    public string? Open(Sealed? value) =>
        value is not null && _keys.TryGetValue(value.KeyId, out var key)
            ? Encoding.UTF8.GetString(MasterKey.Decrypt(key, Convert.FromBase64String(value.Ciphertext)))
            : null;
}

/// <summary>One random key per member in a table, wrapped by the <see cref="MasterKey"/>.</summary>
public sealed class KeyRing(NpgsqlDataSource database, MasterKey master)
{
    /// <summary>The keys of these members, made where they do not exist.</summary>
    public async Task<MemberKeys> Create(IReadOnlyCollection<Guid> members, CancellationToken ct)
    {
        var keys = members.Select(_ => master.Wrap(RandomNumberGenerator.GetBytes(32))).ToArray();
        await using var insert = database.CreateCommand(
            "insert into member_keys (member_id, wrapped) select * from unnest($1::uuid[], $2::bytea[]) on conflict do nothing");
        insert.Parameters.Add(new() { Value = members.ToArray() });
        insert.Parameters.Add(new() { Value = keys });
        await insert.ExecuteNonQueryAsync(ct);

        return await Find(members, ct);
    }

    public async Task<MemberKeys> Find(IReadOnlyCollection<Guid> members, CancellationToken ct)
    {
        var keys = new Dictionary<Guid, byte[]>();
        await using var select = database.CreateCommand("select member_id, wrapped from member_keys where member_id = any($1)");
        select.Parameters.Add(new() { Value = members.ToArray() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            keys[rows.GetGuid(0)] = master.Unwrap(rows.GetFieldValue<byte[]>(1));
        }

        return new MemberKeys(keys);
    }

    /// <summary>Makes all that was sealed for the member unreadable, for good.</summary>
    public async Task Erase(Guid member, CancellationToken ct)
    {
        await using var delete = database.CreateCommand("delete from member_keys where member_id = $1");
        delete.Parameters.Add(new() { Value = member });
        await delete.ExecuteNonQueryAsync(ct);
    }
}

public static class KeyErasure
{
    /// <summary>As <see cref="KeyRing.Erase"/>, in the transaction of the fact that asks for it.</summary>
    public static void EraseKey(this IDocumentSession session, Guid member) =>
        session.QueueSqlCommand("delete from member_keys where member_id = ?", member);
}

internal sealed class MemberKeyTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("member_keys");
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        table.AddColumn("wrapped", "bytea").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

internal static class Sealing
{
    public static void AddSealing(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(new MasterKey(configuration["Sealing:MasterKey"]
            ?? throw new InvalidOperationException("Sealing:MasterKey is not set: base64 of 32 random bytes, kept for good.")));
        services.AddSingleton<KeyRing>();
        services.AddSingleton<IStorePart, MemberKeyTable>();
    }
}
