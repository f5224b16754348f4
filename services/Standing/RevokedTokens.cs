using System.Security.Claims;
using Community.EventSourcing;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.ServiceDefaults;
using Marten;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Standing;

/// <summary>What membership has stopped, every other service learns by event and refuses with 401.</summary>
public static class Standing
{
    /// <summary>Together with the consumer <see cref="RefuseTokenWhenRevoked"/>.</summary>
    public static IHostApplicationBuilder AddStanding(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RevokedTokens>();
        builder.Services.AddSingleton<ITokenRevocation>(services => services.GetRequiredService<RevokedTokens>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RevokedTokens>());
        builder.Services.AddSingleton<IStorePart, RevokedTokenTable>();

        return builder;
    }
}

public sealed class RefuseTokenWhenRevoked(IDocumentStore store) : IConsumer<TokenRevoked>
{
    public Task Consume(ConsumeContext<TokenRevoked> context) => store.Once(context, session => session.QueueSqlCommand(
        "insert into revoked_tokens (token_id, expires_at) values (?, ?) on conflict do nothing",
        context.Message.TokenId, context.Message.ExpiresAt));
}

/// <summary>
/// The revoked tokens that have not expired yet, in memory, read anew each second: the message reaches one replica only.
/// </summary>
internal sealed class RevokedTokens(NpgsqlDataSource database, TimeProvider clock, ILogger<RevokedTokens> log) : BackgroundService, ITokenRevocation
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private volatile HashSet<string> _revoked = [];

    public ValueTask<bool> IsRevoked(ClaimsPrincipal token, CancellationToken ct) =>
        ValueTask.FromResult(token.FindFirst("jti") is { } id && _revoked.Contains(id.Value));

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request: a restart must not let a revoked token in for a moment.
        _revoked = await Read(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Beat, clock);

        while (await beat.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                _revoked = await Read(stoppingToken);
            }
            catch (Exception e) when (e.IsDatabaseAway())
            {
                log.LogWarning("Revoked tokens are read again when the database is back: {Reason}", e.Message);
            }
        }
    }

    private async Task<HashSet<string>> Read(CancellationToken ct)
    {
        await using var select = database.CreateCommand("select token_id from revoked_tokens where expires_at > $1");
        select.Parameters.Add(new() { Value = clock.GetUtcNow() });
        var revoked = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            revoked.Add(rows.GetGuid(0).ToString());
        }

        return revoked;
    }
}

internal sealed class RevokedTokenTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("revoked_tokens");
        table.AddColumn<Guid>("token_id").AsPrimaryKey();
        table.AddColumn("expires_at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
    }
}
