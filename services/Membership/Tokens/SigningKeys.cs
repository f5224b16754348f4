using System.Security.Cryptography;
using Community.EventStore;
using Community.Web;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Community.Membership.Tokens;

/// <summary>A key of ours and when it was made.</summary>
internal sealed record SigningKey(ECDsaSecurityKey Key, DateTimeOffset MadeAt);

/// <summary>
/// The ES256 keys, in the database, wrapped by the master key. A new one is published some time before it signs, and an
/// old one stays published for as long as anything that it signed may live.
/// </summary>
internal sealed class SigningKeys(NpgsqlDataSource database, MasterKey master, TokenRules rules, IConfiguration configuration, TimeProvider clock)
    : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    private const long Lock = 7_350_101;

    /// <summary>Long enough for every service to have read it.</summary>
    internal static readonly TimeSpan PublishedAhead = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _rotation = TimeSpan.FromDays(configuration.GetValue("Tokens:RotateAfterDays", 90));
    private readonly SemaphoreSlim _reading = new(1);
    private Known? _known;

    /// <summary>All published keys, oldest first.</summary>
    public async Task<IReadOnlyList<SigningKey>> Published(CancellationToken ct)
    {
        if (_known is { } known && clock.GetUtcNow() - known.ReadAt < Fresh)
            return known.Keys;

        await _reading.WaitAsync(ct);
        try
        {
            if (_known is { } meanwhile && clock.GetUtcNow() - meanwhile.ReadAt < Fresh)
                return meanwhile.Keys;

            _known = new(await Read(ct), clock.GetUtcNow());

            return _known.Keys;
        }
        catch (Exception e) when (_known is not null && e.IsDatabaseAway())
        {
            // Tokens stay valid while the database is away: the other services may need these keys to go on.
            return _known.Keys;
        }
        finally
        {
            _reading.Release();
        }
    }

    public async Task<SigningCredentials> Current(CancellationToken ct)
    {
        var keys = await Published(ct);
        var since = clock.GetUtcNow() - PublishedAhead;

        return new((keys.LastOrDefault(key => key.MadeAt <= since) ?? keys[0]).Key, SecurityAlgorithms.EcdsaSha256);
    }

    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var configuration = new OpenIdConnectConfiguration { Issuer = rules.Issuer };
        foreach (var key in await Published(cancel))
            configuration.SigningKeys.Add(key.Key);

        return configuration;
    }

    public void RequestRefresh() => _known = _known is null ? null : _known with { ReadAt = DateTimeOffset.MinValue };

    public void Dispose() => _reading.Dispose();

    private async Task<IReadOnlyList<SigningKey>> Read(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var turn = new NpgsqlCommand($"select pg_advisory_xact_lock({Lock})", connection);
        await turn.ExecuteNonQueryAsync(ct);

        var keys = await Select(connection, ct);
        if (keys.Count == 0 || keys[^1].MadeAt <= now - _rotation)
            keys.Add(await Insert(connection, now, ct));

        // A key signs until its successor begins to; what it signed last lives no longer than the longest token.
        var over = keys.Take(keys.Count - 1)
            .Where((_, i) => keys[i + 1].MadeAt + PublishedAhead + AccessTokens.LongestLife + TimeSpan.FromDays(1) < now).ToList();
        if (over.Count > 0)
        {
            await using var delete = new NpgsqlCommand("delete from signing_keys where id = any($1)", connection);
            delete.Parameters.Add(new() { Value = over.Select(key => key.Key.KeyId).ToArray() });
            await delete.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);

        return [.. keys.Except(over)];
    }

    private async Task<List<SigningKey>> Select(NpgsqlConnection connection, CancellationToken ct)
    {
        var keys = new List<SigningKey>();
        await using var select = new NpgsqlCommand("select wrapped, made_at from signing_keys order by made_at, id", connection);
        await using var rows = await select.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(master.Unwrap(rows.GetFieldValue<byte[]>(0)), out _);
            keys.Add(new(Named(key), rows.GetFieldValue<DateTimeOffset>(1)));
        }

        return keys;
    }

    private async Task<SigningKey> Insert(NpgsqlConnection connection, DateTimeOffset now, CancellationToken ct)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var named = Named(key);
        await using var insert = new NpgsqlCommand("insert into signing_keys (id, wrapped, made_at) values ($1, $2, $3)", connection);
        insert.Parameters.Add(new() { Value = named.KeyId });
        insert.Parameters.Add(new() { Value = master.Wrap(key.ExportPkcs8PrivateKey()) });
        insert.Parameters.Add(new() { Value = now });
        await insert.ExecuteNonQueryAsync(ct);

        return new(named, now);
    }

    private sealed record Known(IReadOnlyList<SigningKey> Keys, DateTimeOffset ReadAt);

    private static ECDsaSecurityKey Named(ECDsa key)
    {
        var named = new ECDsaSecurityKey(key);
        named.KeyId = Base64UrlEncoder.Encode(named.ComputeJwkThumbprint()); // RFC 7638

        return named;
    }
}
