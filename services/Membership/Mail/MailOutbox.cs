using System.Buffers.Text;
using System.Globalization;
using System.Resources;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Mail;

internal enum MailKind { ConfirmAddress, ResetPassword, PasswordChanged, LetIn, ChangeAddress, AddressChanged, RenewalUnpaid, SubscriptionEnded }

internal static class MailKinds
{
    /// <summary>Its link opens an account, or makes an address somebody's.</summary>
    public static bool HasSecret(this MailKind kind) => kind is MailKind.ConfirmAddress or MailKind.ChangeAddress or MailKind.ResetPassword;
}

/// <summary>To whom a mail goes.</summary>
internal sealed record Recipient(Guid MemberId, MemberKeys Keys, Sealed Name, Sealed? Address, Language? Language)
{
    /// <summary>The member has shown that the mailbox is theirs.</summary>
    public bool IsProven { get; init; }

    public static Recipient Of(Guid id, MemberDetails member, MemberKeys keys) =>
        new(id, keys, member.Name, member.Address, member.Language) { IsProven = member.ConfirmedAt is not null };
}

/// <param name="Address">That becomes the member's; null: none does.</param>
internal sealed record MailLink(Guid MemberId, DateTimeOffset MadeAt, Sealed? Address)
{
    public static ProblemHttpResult Invalid() => Problems.Problem(404, "link-invalid", "The link was used already, or is too old; ask for another.");
}

/// <summary>What stands in the outbox, sealed by the recipient's key.</summary>
internal sealed record MailMessage(string To, string Subject, string Text, string Link);

/// <summary>
/// Takes mails into the outbox, in the transaction of what they tell, and makes the links in them. A link works once; only
/// its hash is kept.
/// </summary>
internal sealed class MailOutbox(IConfiguration configuration, MasterKey master, NpgsqlDataSource database)
{
    private const int MostAnHour = 5;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static readonly ResourceManager Texts = new("Community.Membership.Mail.MailTexts", typeof(MailOutbox).Assembly);

    private readonly string _portal = (configuration["Portal:Address"] ?? "http://127.0.0.1:5100").TrimEnd('/');

    /// <summary>Where there is no address (an imported account), there is no mail.</summary>
    /// <param name="more">What else the text of this kind speaks of, from its fourth place on.</param>
    public void Post(IDocumentSession session, MailKind kind, Recipient to, CommunitySettings settings, DateTimeOffset now, params string[] more)
    {
        if (to.Keys.Open(to.Address) is not { } address)
            return;

        var life = LifeOf(kind);
        var link = _portal + kind switch
        {
            MailKind.ConfirmAddress => "/confirm-email?token=" + MakeLink(session, kind, to.MemberId, now),
            MailKind.ChangeAddress => "/confirm-email?token=" + MakeLink(session, kind, to.MemberId, now, to.Address),
            MailKind.ResetPassword => "/reset-password?token=" + MakeLink(session, kind, to.MemberId, now),
            MailKind.PasswordChanged => "/forgot-password",
            _ => "/sign-in"
        };
        var culture = CultureInfo.GetCultureInfo((to.Language ?? Usual(settings)).ToWord());
        var message = new MailMessage(address, Text("Subject"), Text("Text"), link);
        var mailbox = kind.HasSecret() ? Count(session, kind, address, now) : [];
        var isAsked = kind == MailKind.ResetPassword && to.IsProven; // counted by its member, so that no stranger uses it up
        session.QueueSqlCommand("""
            insert into mails (id, member_id, kind, letter, created_at, next_at, expires_at)
            select ?, ?, ?, ?, ?, ?, ? where ? or coalesce((select mails from mailboxes where mailbox = ?), 0) <= ?
            """,
            Guid.CreateVersion7(now), to.MemberId, kind.ToWord(), to.Keys.Seal(to.MemberId, JsonSerializer.Serialize(message)).Ciphertext, now, now, now + life,
            isAsked || !kind.HasSecret(), mailbox, MostAnHour);

        string Text(string part) => string.Format(
            culture, Texts.GetString(kind + part, culture)!, [settings.Name, to.Keys.Open(to.Name), link, .. more.Select(word => word.Length == 0 ? Texts.GetString("None", culture) : word)]);
    }

    /// <summary>Writes as much as for a member where there is none, so that the time does not tell.</summary>
    public void PostNothing(IDocumentSession session, MailKind kind, string address, DateTimeOffset now)
    {
        Count(session, kind, address, now);
        MakeLink(session, kind, Guid.Empty, now);
        session.QueueSqlCommand(
            "insert into mails (id, member_id, kind, letter, created_at, next_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)",
            Guid.CreateVersion7(now), Guid.Empty, kind.ToWord(), Convert.ToBase64String(master.Wrap(new byte[400])), now, now, now);
    }

    /// <summary>Whose link it is and when it was made; null: never made, used, or expired.</summary>
    public async Task<MailLink?> Find(MailKind kind, string token, DateTimeOffset now, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select member_id, made_at, address from mail_links where hash = $1 and kind = $2 and expires_at > $3");
        select.Parameters.Add(new() { Value = Hash(token) });
        select.Parameters.Add(new() { Value = kind.ToWord() });
        select.Parameters.Add(new() { Value = now });
        await using var row = await select.ExecuteReaderAsync(ct);

        return await row.ReadAsync(ct) && row.GetGuid(0) is var member && member != Guid.Empty
            ? new(member, row.GetFieldValue<DateTimeOffset>(1), row.IsDBNull(2) ? null : new Sealed(member, row.GetString(2)))
            : null;
    }

    /// <summary>All that was mailed to a member, and what their links open.</summary>
    public static void Forget(IDocumentSession session, Guid member)
    {
        session.QueueSqlCommand("delete from mails where member_id = ?", member);
        session.QueueSqlCommand("delete from mail_links where member_id = ?", member);
    }

    /// <summary>In the transaction that uses one: the other links of its kind end with it.</summary>
    public static void UseUp(IDocumentSession session, Guid member, params MailKind[] kinds) => session.QueueSqlCommand(
        "delete from mail_links where member_id = ? and kind = any(?)", member, kinds.Select(kind => kind.ToWord()).ToArray());

    /// <summary>Whether the mailbox has had as many such mails within the hour as strangers may have sent to it, by whatever accounts.</summary>
    public async Task<bool> IsFull(MailKind kind, string address, DateTimeOffset now, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select exists (select from mailboxes where mailbox = $1 and mails >= $2 and began_at >= $3)");
        select.Parameters.Add(new() { Value = Mailbox(kind, address) });
        select.Parameters.Add(new() { Value = MostAnHour });
        select.Parameters.Add(new() { Value = now - Hour });

        return await select.ExecuteScalarAsync(ct) is true;
    }

    // Locks the mailbox's row until the mail is committed: of many at once none is counted by a number that is old.
    private byte[] Count(IDocumentSession session, MailKind kind, string address, DateTimeOffset now)
    {
        var mailbox = Mailbox(kind, address);
        session.QueueSqlCommand("""
            insert into mailboxes as m (mailbox, began_at, mails) values (?, ?, 1)
            on conflict (mailbox) do update set
                mails = case when m.began_at < ? then 1 else m.mails + 1 end, began_at = case when m.began_at < ? then excluded.began_at else m.began_at end
            """, mailbox, now, now - Hour, now - Hour);

        return mailbox;
    }

    // A new password is counted apart: who joins in another's name must not keep the other from it.
    private byte[] Mailbox(MailKind kind, string address) =>
        master.Hash("mailbox", $"{(kind == MailKind.ResetPassword ? "reset" : "confirm")}\0{AddressAttribute.Mailbox(address)}");

    /// <summary>Nobody fills the mailbox of another.</summary>
    public async Task<bool> IsEnough(MailKind kind, Guid member, DateTimeOffset now, CancellationToken ct)
    {
        await using var count = database.CreateCommand("select count(*) from mails where member_id = $1 and kind = $2 and created_at > $3");
        count.Parameters.Add(new() { Value = member });
        count.Parameters.Add(new() { Value = kind.ToWord() });
        count.Parameters.Add(new() { Value = now.AddHours(-1) });

        return (long)(await count.ExecuteScalarAsync(ct))! >= MostAnHour;
    }

    private static string MakeLink(IDocumentSession session, MailKind kind, Guid member, DateTimeOffset now, Sealed? address = null)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        session.QueueSqlCommand(
            "insert into mail_links (hash, member_id, kind, made_at, expires_at, address) values (?, ?, ?, ?, ?, nullif(?, ''))",
            Hash(token), member, kind.ToWord(), now, now + LifeOf(kind), address?.Ciphertext ?? "");

        return token;
    }

    private static TimeSpan LifeOf(MailKind kind) => kind == MailKind.ResetPassword ? TimeSpan.FromHours(1) : TimeSpan.FromDays(3);

    private static Language Usual(CommunitySettings settings) =>
        settings.Languages[0].Split('-')[0] == "zh" ? Language.Zh : Language.En;

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

internal static class Languages
{
    /// <summary>The language that the browser asks for, of those that we have.</summary>
    public static Language? AskedLanguage(this HttpContext http) => http.Request.GetTypedHeaders().AcceptLanguage
        .OrderByDescending(language => language.Quality ?? 1)
        .Select(language => Enum.TryParse<Language>(language.Value.Value?.Split('-')[0], ignoreCase: true, out var known) && Enum.IsDefined(known) ? known : (Language?)null)
        .FirstOrDefault(language => language is not null);
}
