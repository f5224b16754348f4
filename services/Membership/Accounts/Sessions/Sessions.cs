using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Tokens;
using Marten;
using Npgsql;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Accounts.Sessions;

/// <summary>A session and the refresh token that continues it.</summary>
/// <param name="SignedInAt">However often it was continued since.</param>
internal sealed record Continuation(Guid SessionId, Guid MemberId, DateTimeOffset SignedInAt, string RefreshToken);

/// <param name="LastSeenAt">When it was begun or continued last.</param>
internal sealed record LiveSession(Guid Id, DateTimeOffset BeganAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, Sealed? Agent);

/// <summary>
/// Sessions, in tables: they come and go, and no number is made of them. A refresh token works once; one that comes a
/// second time was copied, and nobody knows by whom, so its whole session ends.
/// </summary>
internal sealed class SessionTable(NpgsqlDataSource database, IDocumentStore store, TimeProvider clock, ILogger<SessionTable> log)
{
    /// <summary>Without a refresh for this long, the member signs in again.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);

    /// <summary>Null: the member is gone, or has another password by now, and did not prove to know that one.</summary>
    /// <param name="agent">The program it is begun with, as it calls itself, sealed.</param>
    /// <param name="by">By which the member was recognized; null where it was not by a password.</param>
    public async Task<Continuation?> Begin(Guid member, Sealed agent, Credentials? by, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var session = Guid.CreateVersion7(now);
        var token = NewToken();
        await using var batch = database.CreateBatch();

        // A change of the password that is under way is waited for, and one that comes later finds this session and ends it.
        var begin = Sql("""
            with proof as (
                select id from mt_doc_credentials where id = $2 and ($7 < 0 or coalesce((data ->> 'changes')::int, 0) = $7) for share),
            session as (
                insert into sessions (id, member_id, began_at, expires_at, agent) select $1, id, $3, $4, $5 from proof returning id)
            insert into refresh_tokens (hash, session_id) select $6, id from session
            """, session, member, now, now + Life, agent.Ciphertext, Hash(token), by?.Changes ?? -1);
        batch.BatchCommands.Add(begin);
        batch.BatchCommands.Add(Sql("""
            with over as (delete from sessions where member_id = $1 and expires_at < $2 returning id)
            delete from refresh_tokens where session_id in (select id from over)
            """, member, now));
        await batch.ExecuteNonQueryAsync(ct);

        return begin.RecordsAffected == 1 ? new(session, member, now, token) : null;
    }

    /// <summary>Null: the token is unknown, was used before, or its session is over.</summary>
    public async Task<Continuation?> Continue(string refreshToken, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var next = NewToken();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);

        // Of two at once, the second waits here for the first and then finds the token used.
        await using var use = Command(connection, """
            with used as (update refresh_tokens set used_at = $2 where hash = $1 and used_at is null returning session_id)
            update sessions set expires_at = $3 from used where sessions.id = used.session_id and ended_at is null and expires_at > $2
            returning sessions.id, sessions.member_id, sessions.began_at
            """, Hash(refreshToken), now, now + Life);
        Continuation? continuation = null;
        await using (var row = await use.ExecuteReaderAsync(ct))
        {
            if (await row.ReadAsync(ct))
                continuation = new(row.GetGuid(0), row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2), next);
        }

        if (continuation is not null)
        {
            await using var then = Command(connection, "insert into refresh_tokens (hash, session_id) values ($1, $2)", Hash(next), continuation.SessionId);
            await then.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);

            return continuation;
        }

        await transaction.RollbackAsync(ct);
        await using var find = Command(connection, """
            select id, member_id from sessions
            where ended_at is null and expires_at > $2 and id = (select session_id from refresh_tokens where hash = $1)
            """, Hash(refreshToken), now);
        (Guid Id, Guid Member)? copied = null;
        await using (var row = await find.ExecuteReaderAsync(ct))
        {
            if (await row.ReadAsync(ct))
                copied = (row.GetGuid(0), row.GetGuid(1));
        }

        if (copied is var (session, member))
        {
            await End(session, member, ct);
            log.LogWarning("A refresh token came a second time; its session was ended");
        }

        return null;
    }

    /// <summary>One that is the member's; false: there is none.</summary>
    public async Task<bool> End(Guid session, Guid member, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select exists (select from sessions where id = $1 and member_id = $2)");
        select.Parameters.Add(new() { Value = session });
        select.Parameters.Add(new() { Value = member });
        if (await select.ExecuteScalarAsync(ct) is not true)
            return false;

        await End([session], member, ct);

        return true;
    }

    /// <summary>All of a member's but one.</summary>
    public async Task EndOthers(Guid session, Guid member, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await End((await List(member, ct)).Where(live => live.Id != session && MayHaveAToken(live, now)).Select(live => live.Id), member, ct);
        await using var rest = store.LightweightSession();
        EndAll(rest, member, now, except: session);
        await rest.SaveChangesAsync(ct);
    }

    private async Task End(IEnumerable<Guid> sessions, Guid member, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        foreach (var id in sessions)
        {
            await store.Handle(Session.Decider, id, (SessionCommand)new EndSession(member, now + AccessTokens.Life, now), new CommandOptions
            {
                WriteWithEvents = document => document.QueueSqlCommand("update sessions set ended_at = ? where id = ? and ended_at is null", now, id)
            }, ct);
        }
    }

    // Nobody needs to be told of the others, of which there may be very many. A minute more: the token is written after the session.
    private static bool MayHaveAToken(LiveSession session, DateTimeOffset now) => session.LastSeenAt + AccessTokens.Life + TimeSpan.FromMinutes(1) > now;

    /// <summary>All of a member's but one, in the transaction of what ends them; <see cref="Endings"/> goes with it.</summary>
    public static void EndAll(IDocumentSession session, Guid member, DateTimeOffset now, Guid except = default) => session.QueueSqlCommand(
        "update sessions set ended_at = ? where member_id = ? and ended_at is null and id <> ?", now, member, except);

    /// <summary>What is to be told of the sessions that <see cref="EndAll"/> ends.</summary>
    public async Task<IReadOnlyList<Besides>> Endings(Guid member, DateTimeOffset now, CancellationToken ct, Guid except = default) =>
    [
        .. from live in await List(member, ct)
           where live.Id != except && MayHaveAToken(live, now)
           select Besides.Append(live.Id, new SessionEnded(member, now + AccessTokens.Life, now))
    ];

    /// <summary>Forgets them, and that there were any.</summary>
    public static void Forget(IDocumentSession session, Guid member)
    {
        session.QueueSqlCommand("delete from refresh_tokens where session_id in (select id from sessions where member_id = ?)", member);
        session.QueueSqlCommand("delete from sessions where member_id = ?", member);
    }

    /// <summary>A member's sessions that go on, the latest first.</summary>
    public async Task<IReadOnlyList<LiveSession>> List(Guid member, CancellationToken ct)
    {
        await using var select = database.CreateCommand(
            "select id, began_at, expires_at, agent from sessions where member_id = $1 and ended_at is null and expires_at > $2 order by id desc");
        select.Parameters.Add(new() { Value = member });
        select.Parameters.Add(new() { Value = clock.GetUtcNow() });
        var sessions = new List<LiveSession>();
        await using var row = await select.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            var expires = row.GetFieldValue<DateTimeOffset>(2);
            sessions.Add(new(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), expires - Life, expires, row.IsDBNull(3) ? null : new Sealed(member, row.GetString(3))));
        }

        return sessions;
    }

    public async Task<bool> IsOver(Guid session, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select ended_at is not null from sessions where id = $1");
        select.Parameters.Add(new() { Value = session });

        return await select.ExecuteScalarAsync(ct) is not false;
    }

    private static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static NpgsqlBatchCommand Sql(string text, params object[] values)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });

        return command;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string text, params object[] values)
    {
        var command = new NpgsqlCommand(text, connection);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });

        return command;
    }
}

internal static class SessionStorage
{
    public static void AddSessions(this StoreOptions options)
    {
        var sessions = new Table("sessions");
        sessions.AddColumn<Guid>("id").AsPrimaryKey();
        sessions.AddColumn<Guid>("member_id").NotNull().AddIndex();
        sessions.AddColumn("began_at", "timestamptz").NotNull();
        sessions.AddColumn("expires_at", "timestamptz").NotNull();
        sessions.AddColumn("ended_at", "timestamptz");
        sessions.AddColumn("agent", "text");
        var tokens = new Table("refresh_tokens");
        tokens.AddColumn("hash", "bytea").AsPrimaryKey();
        tokens.AddColumn<Guid>("session_id").NotNull().AddIndex();
        tokens.AddColumn("used_at", "timestamptz");
        options.Storage.ExtendedSchemaObjects.Add(sessions);
        options.Storage.ExtendedSchemaObjects.Add(tokens);
    }
}
