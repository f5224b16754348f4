using System.Text.Json;
using Community.EventStore;
using Community.Web;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Npgsql;

namespace Community.Membership.Mail;

/// <summary>The server that takes our mails, from <c>Smtp:Host</c>, <c>Port</c>, <c>User</c>, <c>Password</c>, <c>From</c> and <c>Security</c>; no host: none.</summary>
internal sealed record Smtp(string? Host, int Port, string? User, string? Password, string From, SecureSocketOptions Security)
{
    public bool IsThere => !string.IsNullOrEmpty(Host);

    public static Smtp Of(IConfiguration configuration)
    {
        var smtp = configuration.GetSection("Smtp");

        return new(
            smtp["Host"], smtp.GetValue("Port", 587), smtp["User"], smtp["Password"], smtp["From"] ?? "community@localhost",
            smtp.GetValue("Security", SecureSocketOptions.StartTls));
    }
}

/// <summary>
/// Sends what stands in the outbox, once. A replica leases a mail, connects, notes that it begins to send, sends, and notes
/// that it was sent. Before the second step anybody may begin again; a replica that dies between the last two leaves a mail
/// of which nobody knows whether it went out: it is shown to operators so, and not sent again.
/// </summary>
internal sealed class SendMail(Smtp smtp, NpgsqlDataSource database, KeyRing ring, IHostEnvironment environment, TimeProvider clock, ILogger<SendMail> log)
    : PeriodicJob("mail", TimeSpan.FromSeconds(5), clock, log)
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private DateTimeOffset _forgotten;

    protected override async Task Do(CancellationToken ct)
    {
        while (smtp.IsThere ? await SendNext(ct) : environment.IsDevelopment() && await LogNext(ct)) { }

        if (Clock.GetUtcNow() - _forgotten > TimeSpan.FromMinutes(10))
        {
            await Forget(ct);
            _forgotten = Clock.GetUtcNow();
        }
    }

    private async Task<bool> SendNext(CancellationToken ct)
    {
        var now = Clock.GetUtcNow();
        if (await Lease("leased_until = $2", now, now + LeaseTime, ct) is not { } mail)
            return false;

        if (mail.Message is not { } content)
        {
            await Record("update mails set sent_at = null, letter = null, expires_at = $2 where id = $1", mail.Id, now); // the member was erased meanwhile
            return true;
        }

        using var client = new SmtpClient { Timeout = 30_000 };
        var (began, sent) = (false, false);
        try
        {
            using var message = Message(mail.Id, content);
            await client.ConnectAsync(smtp.Host!, smtp.Port, smtp.Security, ct);
            if (!string.IsNullOrEmpty(smtp.User))
                await client.AuthenticateAsync(smtp.User, smtp.Password ?? "", ct);

            began = await Record("update mails set sending_at = $2 where id = $1 and sending_at is null and leased_until > $2", mail.Id, Clock.GetUtcNow());
            if (!began)
                return true; // the lease ran out while it connected

            // From here on only the server can tell: our own end must not cut it off.
            await client.SendAsync(message, CancellationToken.None);
            await Record("update mails set sent_at = $2, letter = null, fault = null where id = $1", mail.Id, Clock.GetUtcNow());
            Log.LogInformation("Mail {MailId} was sent", mail.Id);
            sent = true;
            await client.DisconnectAsync(quit: true, ct);
        }
        catch (Exception e) when (sent && !e.IsDatabaseAway())
        {
            Log.LogDebug("The SMTP server did not hear our goodbye: {Reason}", e.Message);
        }
        catch (Exception e) when (!began ? !ct.IsCancellationRequested && !e.IsDatabaseAway() : e is SmtpCommandException or ServiceNotConnectedException)
        {
            // It was not sent, that is certain. The server's words may hold the address: only the code is kept.
            var again = Clock.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(3600, 10 * Math.Pow(2, mail.Attempts)));
            await using var update = database.CreateCommand("update mails set sending_at = null, leased_until = null, next_at = $2, fault = $3 where id = $1");
            update.Parameters.Add(new() { Value = mail.Id });
            update.Parameters.Add(new() { Value = again });
            update.Parameters.Add(new() { Value = e is SmtpCommandException refused ? $"{(int)refused.StatusCode}" : e.GetType().Name });
            await update.ExecuteNonQueryAsync(CancellationToken.None);
            Log.LogWarning("Mail {MailId} was not sent and is tried again at {Again}: {Reason}", mail.Id, again, e.GetType().Name);
        }
        catch (Exception e) when (began && !e.IsDatabaseAway())
        {
            await using var update = database.CreateCommand("update mails set fault = $2 where id = $1");
            update.Parameters.Add(new() { Value = mail.Id });
            update.Parameters.Add(new() { Value = e.GetType().Name });
            await update.ExecuteNonQueryAsync(CancellationToken.None);
            Log.LogWarning("Whether mail {MailId} was sent is not known: {Reason}", mail.Id, e.GetType().Name);
        }

        return true;
    }

    /// <summary>Where nobody sends mail, who develops finds the links in the log; no name and no address.</summary>
    private async Task<bool> LogNext(CancellationToken ct)
    {
        if (await Lease("fault = 'told'", Clock.GetUtcNow(), null, ct, "and fault is null") is not { } mail)
            return false;

        Log.LogInformation("No SMTP server is configured. A mail for {MemberId} waits in the outbox: {Link}", mail.MemberId, mail.Message?.Link);

        return true;
    }

    private async Task<LeasedMail?> Lease(string mark, DateTimeOffset now, DateTimeOffset? until, CancellationToken ct, string condition = "")
    {
        await using var take = database.CreateCommand($"""
            update mails set {mark}, attempts = attempts + 1 where id = (
                select id from mails
                where sent_at is null and sending_at is null and letter is not null and next_at <= $1 and expires_at > $1
                    and (leased_until is null or leased_until < $1) {condition}
                order by next_at limit 1 for update skip locked)
            returning id, member_id, letter, attempts
            """);
        take.Parameters.Add(new() { Value = now });
        if (until is { } end)
            take.Parameters.Add(new() { Value = end });
        await using var row = await take.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct))
            return null;

        var (id, member, content, attempts) = (row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetInt32(3));
        var clear = (await ring.Find([member], ct)).Open(new Sealed(member, content));

        return new(id, member, clear is null ? null : JsonSerializer.Deserialize<MailMessage>(clear), attempts);
    }

    private async Task<bool> Record(string sql, Guid mail, DateTimeOffset now)
    {
        await using var update = database.CreateCommand(sql);
        update.Parameters.Add(new() { Value = mail });
        update.Parameters.Add(new() { Value = now });

        return await update.ExecuteNonQueryAsync(CancellationToken.None) == 1;
    }

    private async Task Forget(CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        foreach (var sql in new[]
        {
            "delete from mail_links where expires_at < $1",
            "delete from mailboxes where began_at < $1 - interval '1 hour'",
            "update mails set letter = null where expires_at < $1 and letter is not null",
            "delete from mails where expires_at < $1 - $2"
        })
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new() { Value = Clock.GetUtcNow() });
            if (sql.Contains("$2", StringComparison.Ordinal))
                command.Parameters.Add(new() { Value = Kept });
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(ct);
    }

    private MimeMessage Message(Guid id, MailMessage content)
    {
        var message = new MimeMessage
        {
            Subject = content.Subject,
            Body = new TextPart("plain") { Text = content.Text },
            Date = Clock.GetUtcNow(),
            MessageId = $"{id:N}@{MailboxAddress.Parse(smtp.From).Domain}" // a server that saw it drops it the second time
        };
        message.From.Add(MailboxAddress.Parse(smtp.From));
        message.To.Add(MailboxAddress.Parse(content.To));
        message.Headers.Add("Auto-Submitted", "auto-generated"); // RFC 3834: no holiday notes in answer

        return message;
    }

    private sealed record LeasedMail(Guid Id, Guid MemberId, MailMessage? Message, int Attempts);
}
