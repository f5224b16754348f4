using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Community.Web;
using Marten;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Privacy;

/// <summary>What membership has stopped, every other service learns by event and refuses with 401.</summary>
public static class AccessRevocation
{
    public static IHostApplicationBuilder AddAccessRevocation(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RevokedTokens>();
        builder.Services.AddSingleton<ITokenRevocation>(services => services.GetRequiredService<RevokedTokens>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RevokedTokens>());
        builder.Services.AddSingleton<IStorePart, RevokedTokenTable>();
        builder.AddConsumer<RefuseTokenWhenRevoked>();

        return builder;
    }
}

/// <summary>Tokens that are revoked, those of sessions that were ended, all of members who are stopped, and the roles that were withdrawn.</summary>
public sealed class RefuseTokenWhenRevoked(IDocumentStore store) : IConsumer<TokenRevoked>, IConsumer<SessionEnded>, IConsumer<RoleGranted>, IConsumer<RoleRevoked>,
    IConsumer<MemberSuspended>, IConsumer<SuspensionEnded>, IConsumer<MemberDeparted>, IConsumer<MemberReturned>, IConsumer<MemberErased>
{
    public Task Consume(ConsumeContext<TokenRevoked> context) => Revoke(context, context.Message.TokenId, context.Message.ExpiresAt);

    public Task Consume(ConsumeContext<SessionEnded> context) => Revoke(context, context.Message.SessionId, context.Message.ExpiresAt);

    public Task Consume(ConsumeContext<MemberSuspended> context) =>
        Note(context, context.Message.MemberId, context.Message.Version, Stop.Suspension, context.Message.Until ?? DateTimeOffset.MaxValue);

    public Task Consume(ConsumeContext<SuspensionEnded> context) => Note(context, context.Message.MemberId, context.Message.Version, Stop.Suspension, null);

    public Task Consume(ConsumeContext<MemberDeparted> context) => Note(context, context.Message.MemberId, context.Message.Version, Stop.Departure, DateTimeOffset.MaxValue);

    public Task Consume(ConsumeContext<MemberReturned> context) => Note(context, context.Message.MemberId, context.Message.Version, Stop.Departure, null);

    public Task Consume(ConsumeContext<MemberErased> context) => Note(context, context.Message.MemberId, context.Message.Version, Stop.Erasure, DateTimeOffset.MaxValue);

    public Task Consume(ConsumeContext<RoleGranted> context) => Note(context, context.Message.MemberId, context.Message.Role, context.Message.Version, withdrawn: false);

    public Task Consume(ConsumeContext<RoleRevoked> context) => Note(context, context.Message.MemberId, context.Message.Role, context.Message.Version, withdrawn: true);

    private Task Revoke(ConsumeContext context, Guid id, DateTimeOffset expires) => store.Once(context, session => session.QueueSqlCommand(
        "insert into revoked_tokens (token_id, expires_at) values (?, ?) on conflict do nothing", id, expires));

    // Whichever comes last, the latest holds; of each kind by itself, for a member who is suspended may leave and come back.
    private Task Note(ConsumeContext context, Guid member, long version, Stop stop, DateTimeOffset? until) => store.Once(context, session => session.QueueSqlCommand(
        """
        insert into stopped_members as s (member_id, stop, version, until) values (?, ?, ?, ?)
        on conflict (member_id, stop) do update set version = excluded.version, until = excluded.until where s.version < excluded.version
        """,
        member, (int)stop, version, until ?? DateTimeOffset.MinValue));

    // As long as the member and the role: a token may be on its way here that was written in the instant before.
    private Task Note(ConsumeContext context, Guid member, string role, long version, bool withdrawn) => store.Once(context, session => session.QueueSqlCommand(
        """
        insert into withdrawn_roles as r (member_id, role, version, withdrawn) values (?, ?, ?, ?)
        on conflict (member_id, role) do update set version = excluded.version, withdrawn = excluded.withdrawn where r.version <= excluded.version
        """,
        member, role, version, withdrawn));

    private enum Stop { Suspension, Departure, Erasure }
}

/// <summary>
/// The revoked tokens and ended sessions that have not expired yet, the members who are stopped and the roles that were withdrawn, in memory, read anew
/// twice a second: the message reaches one replica only, and within a second of the withdrawal none may let it through.
/// </summary>
internal sealed class RevokedTokens(NpgsqlDataSource database, TimeProvider clock, ILogger<RevokedTokens> log) : BackgroundService, ITokenRevocation
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private const int BeatsToForget = 1200;
    private volatile Known _known = new([], []);

    public ValueTask<TokenState> Check(ClaimsPrincipal token, CancellationToken ct)
    {
        var known = _known;

        return ValueTask.FromResult(
            token.Claims.Any(claim => claim.Type is "jti" or "sid" or "sub" && known.Revoked.Contains(claim.Value)) ? TokenState.Revoked
            : token.FindFirstValue("sub") is { } member && known.WithdrawnRoles.TryGetValue(member, out var roles) ? new(false, roles)
            : TokenState.Good);
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request: a restart must not let a revoked token in for a moment.
        _known = await Read(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(Beat, clock);

        for (var beats = 0; await beat.WaitForNextTickAsync(stoppingToken); beats++)
        {
            try
            {
                if (beats % BeatsToForget == 0)
                {
                    await ForgetExpired(stoppingToken);
                }

                _known = await Read(stoppingToken);
            }
            catch (Exception e) when (e.IsDatabaseAway())
            {
                log.LogWarning("Revoked tokens are read again when the database is back: {Reason}", e.Message);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(e, "Revoked tokens were not read, and are tried again");
            }
        }
    }

    private async Task ForgetExpired(CancellationToken ct)
    {
        await using var forget = database.CreateCommand("delete from revoked_tokens where expires_at < $1");
        forget.Parameters.Add(new() { Value = clock.GetUtcNow() });
        await forget.ExecuteNonQueryAsync(ct);
    }

    private async Task<Known> Read(CancellationToken ct)
    {
        await using var select = database.CreateCommand(
            """
            select token_id, null from revoked_tokens where expires_at > $1
            union all select member_id, null from stopped_members where until > $1
            union all select member_id, role from withdrawn_roles where withdrawn
            """);
        select.Parameters.Add(new() { Value = clock.GetUtcNow() });
        var known = new Known(new(StringComparer.OrdinalIgnoreCase), new(StringComparer.OrdinalIgnoreCase));
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            var id = rows.GetGuid(0).ToString();

            if (rows.IsDBNull(1))
            {
                known.Revoked.Add(id);
            }
            else if (known.WithdrawnRoles.TryGetValue(id, out var roles))
            {
                roles.Add(rows.GetString(1));
            }
            else
            {
                known.WithdrawnRoles.Add(id, [rows.GetString(1)]);
            }
        }

        return known;
    }

    private sealed record Known(HashSet<string> Revoked, Dictionary<string, HashSet<string>> WithdrawnRoles);
}

internal sealed class RevokedTokenTable : IStorePart
{
    public void Configure(StoreOptions options)
    {
        var table = new Table("revoked_tokens");
        table.AddColumn<Guid>("token_id").AsPrimaryKey();
        table.AddColumn("expires_at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(table);
        var members = new Table("stopped_members");
        members.AddColumn<Guid>("member_id").AsPrimaryKey();
        members.AddColumn("stop", "int").AsPrimaryKey();
        members.AddColumn("version", "bigint").NotNull();
        members.AddColumn("until", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(members);
        var roles = new Table("withdrawn_roles");
        roles.AddColumn<Guid>("member_id").AsPrimaryKey();
        roles.AddColumn("role", "text").AsPrimaryKey();
        roles.AddColumn("version", "bigint").NotNull();
        roles.AddColumn("withdrawn", "boolean").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(roles);
    }
}
