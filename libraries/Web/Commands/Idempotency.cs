using System.Security.Cryptography;
using System.Text;
using Community.EventStore;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Weasel.Core;
using Weasel.Postgresql;
using Weasel.Postgresql.Tables;

namespace Community.Web;

internal sealed record IdempotentRequest(Guid Id);

/// <summary>
/// <c>Idempotency-Key</c> on POST: the same key with the same body returns the first answer, with another body 409.
/// Answers that did not succeed are not kept: the caller may mend the cause and use the key again, after a refusal with
/// another body, too. Where it is not known what came of the first, the key stays that of its body. Answers are encrypted.
/// </summary>
public static class Idempotency
{
    internal static readonly TimeSpan Life = TimeSpan.FromHours(24);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    /// <summary>Of requests with a key; taken before that of the stream.</summary>
    private static readonly KeyedLock Requests = new();

    /// <summary>After authentication and before the endpoints.</summary>
    public static IApplicationBuilder UseIdempotency(this IApplicationBuilder app) => app.Use(Invoke);

    /// <summary>Its table in the service's store, and the job that forgets old answers.</summary>
    public static IHostApplicationBuilder AddIdempotency(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IStorePart, IdempotencyTable>();
        builder.Services.AddHostedService<ForgetOldAnswers>();

        return builder;
    }

    private static async Task Invoke(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.Headers.TryGetValue("Idempotency-Key", out var header))
        {
            await next(context);

            return;
        }

        if (header.ToString() is not { Length: > 0 and <= 255 } key || key.Any(char.IsControl))
        {
            await Problems.Problem(400, "invalid-idempotency-key", "An Idempotency-Key has 1 to 255 printable characters.").ExecuteAsync(context);

            return;
        }

        var services = context.RequestServices;
        var database = services.GetRequiredService<NpgsqlDataSource>();
        var master = services.GetRequiredService<MasterKey>();
        var clock = services.GetRequiredService<TimeProvider>();
        var ct = context.RequestAborted;
        var body = await ReadBody(context, ct);

        // Keys of different callers and paths never meet.
        var owner = context.User.FindFirst("sub")?.Value ?? context.Connection.RemoteIpAddress?.ToString();
        var id = master.Hash("idempotency-key", $"{owner}\0{context.Request.Path}\0{key}");
        var request = master.Hash("idempotency-body", Convert.ToBase64String(SHA256.HashData(body)));

        using var turn = await Requests.Take(new Guid(id.AsSpan(0, 16)), ct);
        await Insert(database, id, request, clock.GetUtcNow(), ct);
        Row? row;

        // No connection is held meanwhile: requests that wait for each other must not starve the one that works.
        while ((row = await Lease(database, id, clock.GetUtcNow(), ct)) is not { Leased: true })
        {
            if (row is null)
            {
                await Insert(database, id, request, clock.GetUtcNow(), ct); // the one before was refused

                continue;
            }

            if (!row.Request.AsSpan().SequenceEqual(request))
            {
                await Problems.Problem(409, "idempotency-key-reused", "This Idempotency-Key was used with another body.").ExecuteAsync(context);

                return;
            }

            if (row.Answer is not null)
            {
                await Answer.From(master.Unwrap(row.Answer)).Write(context, ct);

                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), clock, ct);
        }

        byte[]? keep = null;
        var refused = false;
        Answer given;

        try
        {
            if (!row.Request.AsSpan().SequenceEqual(request))
            {
                await Problems.Problem(409, "idempotency-key-reused", "This Idempotency-Key was used with another body.").ExecuteAsync(context);

                return;
            }

            context.Features.Set(new IdempotentRequest(row.CreatedId));
            given = await Run(context, next);
            keep = given.Status is >= 200 and < 300 ? master.Wrap(given.ToBytes()) : null;
            refused = given.Status is >= 400 and < 500;
        }
        catch (Exception e) when (e is BadHttpRequestException or VersionConflictException)
        {
            refused = true;

            throw;
        }
        finally
        {
            // A refused request has done nothing; nor had one before it, if it is the first.
            await (refused && row.IsFirst ? Free(database, id, row.Until) : Release(database, id, keep));
        }

        await given.Write(context, ct);
    }

    private static async Task<byte[]> ReadBody(HttpContext context, CancellationToken ct)
    {
        context.Request.EnableBuffering();
        using var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, ct);
        context.Request.Body.Position = 0;

        return copy.ToArray();
    }

    private static async Task<Answer> Run(HttpContext context, RequestDelegate next)
    {
        var response = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;

        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = response;
        }

        return new Answer(
            context.Response.StatusCode, context.Response.ContentType, context.Response.Headers.Location, context.Response.Headers.ETag,
            Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static async Task Insert(NpgsqlDataSource database, byte[] id, byte[] request, DateTimeOffset now, CancellationToken ct)
    {
        await using var insert = database.CreateCommand(
            "insert into idempotency_keys (id, request, created_id, created_at) values ($1, $2, $3, $4) on conflict do nothing");
        insert.Parameters.Add(new() { Value = id });
        insert.Parameters.Add(new() { Value = request });
        insert.Parameters.Add(new() { Value = Guid.CreateVersion7(now) });
        insert.Parameters.Add(new() { Value = now });
        await insert.ExecuteNonQueryAsync(ct);
    }

    // One replica works at a time; the lease of one that died ends by itself.
    private static async Task<Row?> Lease(NpgsqlDataSource database, byte[] id, DateTimeOffset now, CancellationToken ct)
    {
        await using var lease = database.CreateCommand(
            """
            with leased as (
                update idempotency_keys set leased_until = $3 where id = $1 and answer is null and (leased_until is null or leased_until < $2)
                returning id)
            select request, created_id, answer, exists (select from leased), leased_until is null from idempotency_keys where id = $1
            """); // the last as it was before the update
        lease.Parameters.Add(new() { Value = id });
        lease.Parameters.Add(new() { Value = now });
        lease.Parameters.Add(new() { Value = now + LeaseTime });
        await using var row = await lease.ExecuteReaderAsync(ct);

        return await row.ReadAsync(ct)
            ? new Row(
                row.GetFieldValue<byte[]>(0), row.GetGuid(1), await row.IsDBNullAsync(2, ct) ? null : row.GetFieldValue<byte[]>(2), row.GetBoolean(3),
                row.GetBoolean(4), now + LeaseTime)
            : null;
    }

    private static async Task Release(NpgsqlDataSource database, byte[] id, byte[]? answer)
    {
        await using var update = database.CreateCommand("update idempotency_keys set answer = $2, leased_until = '-infinity' where id = $1");
        update.Parameters.Add(new() { Value = id });
        update.Parameters.Add(new() { Value = (object?)answer ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea });
        await update.ExecuteNonQueryAsync(CancellationToken.None);
    }

    // Not where somebody else has it meanwhile, because it took longer than the lease.
    private static async Task Free(NpgsqlDataSource database, byte[] id, DateTimeOffset until)
    {
        await using var delete = database.CreateCommand("delete from idempotency_keys where id = $1 and answer is null and leased_until = $2");
        delete.Parameters.Add(new() { Value = id });
        delete.Parameters.Add(new() { Value = until });
        await delete.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <param name="IsFirst">Nobody had the lease before.</param>
    private sealed record Row(byte[] Request, Guid CreatedId, byte[]? Answer, bool Leased, bool IsFirst, DateTimeOffset Until);

    private sealed record Answer(int Status, string? ContentType, string? Location, string? ETag, string Body)
    {
        public static Answer From(byte[] bytes) => System.Text.Json.JsonSerializer.Deserialize<Answer>(bytes)!;

        public byte[] ToBytes() => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(this);

        public async Task Write(HttpContext context, CancellationToken ct)
        {
            context.Response.StatusCode = Status;
            context.Response.ContentType = ContentType;
            context.Response.Headers.Location = Location;
            context.Response.Headers.ETag = ETag;

            if (Body.Length > 0)
            {
                await context.Response.WriteAsync(Body, ct);
            }
        }
    }
}

internal sealed class IdempotencyTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("idempotency_keys");
        table.AddColumn("id", "bytea").AsPrimaryKey();
        table.AddColumn("request", "bytea").NotNull();
        table.AddColumn<Guid>("created_id").NotNull();
        table.AddColumn("created_at", "timestamptz").NotNull();
        table.AddColumn("leased_until", "timestamptz");
        table.AddColumn("answer", "bytea");
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}

internal sealed class ForgetOldAnswers(NpgsqlDataSource database, TimeProvider clock, ILogger<ForgetOldAnswers> log)
    : PeriodicJob("forget-old-answers", TimeSpan.FromHours(1), clock, log)
{
    protected override async Task Do(CancellationToken ct)
    {
        await using var delete = database.CreateCommand("delete from idempotency_keys where created_at < $1");
        delete.Parameters.Add(new() { Value = Clock.GetUtcNow() - Idempotency.Life, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await delete.ExecuteNonQueryAsync(ct);
    }
}
