using Community.EventStore;
using Community.Messaging;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Mail;

internal static class MailModule
{
    public static void AddMail(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            var mails = new Table("mails");
            mails.AddColumn<Guid>("id").AsPrimaryKey();
            mails.AddColumn<Guid>("member_id").NotNull().AddIndex();
            mails.AddColumn("kind", "text").NotNull();
            mails.AddColumn("letter", "text"); // null once it was sent
            mails.AddColumn("created_at", "timestamptz").NotNull();
            mails.AddColumn("expires_at", "timestamptz").NotNull();
            mails.AddColumn("next_at", "timestamptz").NotNull().AddIndex();
            mails.AddColumn("attempts", "int").NotNull().DefaultValue(0);
            mails.AddColumn("leased_until", "timestamptz");
            mails.AddColumn("sending_at", "timestamptz");
            mails.AddColumn("sent_at", "timestamptz");
            mails.AddColumn("fault", "text");
            var links = new Table("mail_links");
            links.AddColumn("hash", "bytea").AsPrimaryKey();
            links.AddColumn<Guid>("member_id").NotNull().AddIndex();
            links.AddColumn("kind", "text").NotNull();
            links.AddColumn("made_at", "timestamptz").NotNull();
            links.AddColumn("expires_at", "timestamptz").NotNull();
            links.AddColumn("address", "text");
            options.Storage.ExtendedSchemaObjects.Add(mails);
            options.Storage.ExtendedSchemaObjects.Add(links);
            var mailboxes = new Table("mailboxes");
            mailboxes.AddColumn("mailbox", "bytea").AsPrimaryKey(); // a keyed hash
            mailboxes.AddColumn("began_at", "timestamptz").NotNull();
            mailboxes.AddColumn("mails", "int").NotNull();
            options.Storage.ExtendedSchemaObjects.Add(mailboxes);
        });
        builder.AddConsumer<TellOfPayments>();
        builder.Services.AddSingleton(Smtp.Of(builder.Configuration)).AddSingleton<MailOutbox>().AddHostedService<SendMail>();
    }
}
