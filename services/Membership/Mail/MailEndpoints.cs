using System.Collections.Frozen;
using System.Security.Claims;
using System.Text.Json;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Tokens;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Community.Membership.Mail;

internal static class MailEndpoints
{
    /// <summary>How long ago whoever reads a link may have signed in: a session that was left open, or stolen, is older.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    public static void MapMail(this IEndpointRouteBuilder app)
    {
        app.MapGet("/outbox", Outbox).RequireRoles(Role.Operator).WithTag("Mail", "What is mailed to members, and the links in it.")
            .WithSummary("Mails of the last days; where no SMTP server is configured, with their text, for operators to hand on; links only in a session that began within ten minutes");
    }

    private static async Task<Ok<Page<MailView>>> Outbox(
        [AsParameters] Paging paging, ClaimsPrincipal user, [AsParameters] OutboxServices services, CancellationToken ct)
    {
        var (smtp, store, database, ring, clock) = services;
        var rows = new List<Row>();
        await using (var select = database.CreateCommand("""
            select id, member_id, kind, letter, created_at, expires_at, attempts, sending_at, sent_at, fault from mails
            where member_id <> $1 and id < $2 order by id desc limit $3
            """))
        {
            select.Parameters.Add(new() { Value = Guid.Empty });
            select.Parameters.Add(new() { Value = paging.Key<Guid>(out var last) ? last : Guid.AllBitsSet });
            select.Parameters.Add(new() { Value = paging.Size + 1 });
            await using var row = await select.ExecuteReaderAsync(ct);
            while (await row.ReadAsync(ct))
            {
                rows.Add(new(
                    row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetFieldValue<DateTimeOffset>(4),
                    row.GetFieldValue<DateTimeOffset>(5), row.GetInt32(6), !row.IsDBNull(7), row.GetFieldValue<DateTimeOffset?>(8), row.IsDBNull(9) ? null : row.GetString(9)));
            }
        }

        var keys = await ring.Find([.. rows.Select(row => row.MemberId).Distinct()], ct);
        await using var session = store.QuerySession();
        var members = (await session.LoadManyAsync<MemberRow>(ct, [.. rows.Select(row => row.MemberId).Distinct()])).ToDictionary(row => row.Id, row => row.Member);
        var now = clock.GetUtcNow();
        var isFresh = user.FindSignedInAt() > now - Fresh;

        return TypedResults.Ok(paging.Page([.. rows.Select(Shown)], view => view.MailId));

        MailView Shown(Row row)
        {
            // A link to a new password opens the account: an operator may not become an owner by it, or another operator.
            var isAbove = members.GetValueOrDefault(row.MemberId) is { } member && (member.Roles.Contains(Role.Operator) || member.Roles.Contains(Role.Owner));
            var isHeldBack = !isFresh && SecretKinds.Contains(row.Kind);
            var message = !isHeldBack && !smtp.IsThere && (!isAbove || user.IsInRole(Role.Owner)) && row.Expires > now && row.Message is { } text && keys.Open(new Sealed(row.MemberId, text)) is { } clear
                ? JsonSerializer.Deserialize<MailMessage>(clear)
                : null;
            var state = row.SentAt is not null ? MailState.Sent : row.Sending ? MailState.Uncertain : row.Expires <= now ? MailState.Expired : MailState.Waiting;

            return new(row.Id, row.MemberId, row.Kind, state, row.Attempts, row.Fault == "told" ? null : row.Fault, row.Created, row.Expires, row.SentAt,
                message?.To, message?.Subject, message?.Text, isHeldBack);
        }
    }

    private static readonly FrozenSet<string> SecretKinds = Enum.GetValues<MailKind>().Where(kind => kind.HasSecret()).Select(kind => kind.ToWord()).ToFrozenSet();

    /// <summary>Uncertain: being sent, or a replica died while it sent; not sent again.</summary>
    private enum MailState { Waiting, Sent, Uncertain, Expired }

    private sealed record OutboxServices(Smtp Smtp, IDocumentStore Store, NpgsqlDataSource Database, KeyRing Ring, TimeProvider Clock);

    private sealed record Row(
        Guid Id, Guid MemberId, string Kind, string? Message, DateTimeOffset Created, DateTimeOffset Expires, int Attempts, bool Sending, DateTimeOffset? SentAt, string? Fault);

    /// <param name="FreshSignInNeeded">The mail holds a link that opens an account: its text is for a session that has just begun.</param>
    private sealed record MailView(
        Guid MailId, Guid MemberId, string Kind, MailState State, int Attempts, string? Fault, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt,
        DateTimeOffset? SentAt, string? To, string? Subject, string? Text, bool FreshSignInNeeded);
}
