using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Providers;

/// <summary>A sign-in by a provider that is under way.</summary>
/// <param name="Verifier">Of PKCE (RFC 7636).</param>
/// <param name="LinkTo">The member who asked for it to link an account; null: to sign in.</param>
/// <param name="Recognized">Who it turned out to be, while only the one-time code lacks.</param>
internal sealed record Attempt(string Provider, string RedirectUri, string Verifier, string Nonce, Guid? LinkTo, Guid? Recognized);

/// <summary>
/// Which accounts elsewhere are whose: found by a keyed hash of what the provider calls them, so that no address or number
/// of a person stands here. And the sign-ins under way: their state works once, and only its hash is kept.
/// </summary>
internal sealed class LinkedAccounts(NpgsqlDataSource database, MasterKey master, TimeProvider clock)
{
    internal const string Key = "pk_provider_accounts";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    public static void AddTables(StoreOptions options)
    {
        var accounts = new Table("provider_accounts") { PrimaryKeyName = Key };
        accounts.AddColumn("subject", "bytea").AsPrimaryKey();
        accounts.AddColumn("provider", "text").NotNull();
        accounts.AddColumn<Guid>("member_id").NotNull().AddIndex();
        accounts.AddColumn("linked_at", "timestamptz").NotNull();
        var attempts = new Table("provider_attempts");
        attempts.AddColumn("state", "bytea").AsPrimaryKey();
        attempts.AddColumn("provider", "text").NotNull();
        attempts.AddColumn("redirect_uri", "text").NotNull();
        attempts.AddColumn("verifier", "bytea").NotNull(); // wrapped by the master key
        attempts.AddColumn("nonce", "text").NotNull();
        attempts.AddColumn("link_to", "uuid");
        attempts.AddColumn("recognized", "uuid");
        attempts.AddColumn("expires_at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(accounts);
        options.Storage.ExtendedSchemaObjects.Add(attempts);
    }

    public async Task<string> Begin(Attempt attempt, CancellationToken ct)
    {
        var state = Secret();
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from provider_attempts where expires_at < $1") { Parameters = { new() { Value = clock.GetUtcNow() } } });
        batch.BatchCommands.Add(Insert(state, attempt));
        await batch.ExecuteNonQueryAsync(ct);

        return state;
    }

    /// <summary>Of two who come with the same state, one gets it; null: never made, taken, or too old.</summary>
    public async Task<Attempt?> Redeem(string state, CancellationToken ct)
    {
        await using var take = database.CreateCommand(
            "delete from provider_attempts where state = $1 and expires_at > $2 returning provider, redirect_uri, verifier, nonce, link_to, recognized");
        take.Parameters.Add(new() { Value = Hash(state) });
        take.Parameters.Add(new() { Value = clock.GetUtcNow() });
        await using var row = await take.ExecuteReaderAsync(ct);

        return await row.ReadAsync(ct)
            ? new(row.GetString(0), row.GetString(1), Encoding.ASCII.GetString(master.Unwrap(row.GetFieldValue<byte[]>(2))), row.GetString(3),
                row.GetFieldValue<Guid?>(4), row.GetFieldValue<Guid?>(5))
            : null;
    }

    /// <summary>Puts a state back that goes on with a one-time code.</summary>
    public async Task Keep(string state, Attempt attempt, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Insert(state, attempt));
        await batch.ExecuteNonQueryAsync(ct);
    }

    public async Task<Guid?> MemberOf(string provider, string subject, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select member_id from provider_accounts where subject = $1");
        select.Parameters.Add(new() { Value = Subject(provider, subject) });

        return (Guid?)await select.ExecuteScalarAsync(ct);
    }

    public async Task<IReadOnlyList<(string Provider, DateTimeOffset LinkedAt)>> Of(Guid member, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select provider, linked_at from provider_accounts where member_id = $1 order by provider");
        select.Parameters.Add(new() { Value = member });
        var accounts = new List<(string, DateTimeOffset)>();
        await using var row = await select.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            accounts.Add((row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)));

        return accounts;
    }

    /// <summary>A plain insert: an account that is somebody's already breaks <see cref="Key"/>.</summary>
    public void Link(IDocumentSession session, string provider, string subject, Guid member) => session.QueueSqlCommand(
        "insert into provider_accounts (subject, provider, member_id, linked_at) values (?, ?, ?, ?)", Subject(provider, subject), provider, member, clock.GetUtcNow());

    public static void Unlink(IDocumentSession session, string provider, Guid member) =>
        session.QueueSqlCommand("delete from provider_accounts where member_id = ? and provider = ?", member, provider);

    public static void Forget(IDocumentSession session, Guid member)
    {
        session.QueueSqlCommand("delete from provider_accounts where member_id = ?", member);
        session.QueueSqlCommand("delete from provider_attempts where link_to = ? or recognized = ?", member, member);
    }

    internal static string Secret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private NpgsqlBatchCommand Insert(string state, Attempt attempt)
    {
        var insert = new NpgsqlBatchCommand("""
            insert into provider_attempts (state, provider, redirect_uri, verifier, nonce, link_to, recognized, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
            """);
        foreach (var value in new object?[]
        {
            Hash(state), attempt.Provider, attempt.RedirectUri, master.Wrap(Encoding.ASCII.GetBytes(attempt.Verifier)), attempt.Nonce,
            attempt.LinkTo ?? (object)DBNull.Value, attempt.Recognized ?? (object)DBNull.Value, clock.GetUtcNow() + Life
        })
            insert.Parameters.Add(new() { Value = value });
        insert.Parameters[5].NpgsqlDbType = insert.Parameters[6].NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid;

        return insert;
    }

    private byte[] Subject(string provider, string subject) => master.Hash("provider-account", $"{provider}\0{subject}");

    private static byte[] Hash(string state) => SHA256.HashData(Encoding.UTF8.GetBytes(state));
}
