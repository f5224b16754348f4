using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Payments.Orders;

/// <summary>
/// To whom something can be given: who has joined and is not erased, as membership tells. The two are facts beside each
/// other, so that they may come in any order and again.
/// </summary>
internal sealed class KnownMembers(NpgsqlDataSource database)
{
    public static readonly Rejection Unknown = new("member-unknown", "There is no such member.");

    public static Table Table
    {
        get
        {
            var table = new Table("known_members");
            table.AddColumn<Guid>("member_id").AsPrimaryKey();
            table.AddColumn<bool>("joined").NotNull();
            table.AddColumn<bool>("erased").NotNull();

            return table;
        }
    }

    public Task<bool> Knows(Guid member, CancellationToken ct) => Is("joined and not erased", member, ct);

    public Task<bool> HasErased(Guid member, CancellationToken ct) => Is("erased", member, ct);

    /// <summary>Who of them was erased.</summary>
    public async Task<IReadOnlySet<Guid>> Erased(IEnumerable<Guid> members, CancellationToken ct)
    {
        var erased = new HashSet<Guid>();
        await using var select = database.CreateCommand("select member_id from known_members where member_id = any($1) and erased");
        select.Parameters.Add(new() { Value = members.Distinct().ToArray() });
        await using var rows = await select.ExecuteReaderAsync(ct);

        while (await rows.ReadAsync(ct))
        {
            erased.Add(rows.GetGuid(0));
        }

        return erased;
    }

    internal static void Joined(IDocumentSession session, Guid member) => session.QueueSqlCommand(
        "insert into known_members (member_id, joined, erased) values (?, true, false) on conflict (member_id) do update set joined = true", member);

    internal static void Erased(IDocumentSession session, Guid member) => session.QueueSqlCommand(
        "insert into known_members (member_id, joined, erased) values (?, false, true) on conflict (member_id) do update set erased = true", member);

    private async Task<bool> Is(string condition, Guid member, CancellationToken ct)
    {
        await using var select = database.CreateCommand($"select exists (select from known_members where member_id = $1 and {condition})");
        select.Parameters.Add(new() { Value = member });

        return await select.ExecuteScalarAsync(ct) is true;
    }
}

internal sealed class NoteMembers(IDocumentStore store) : IConsumer<MemberJoined>, IConsumer<MemberErased>
{
    public Task Consume(ConsumeContext<MemberJoined> context) =>
        store.Once(context, session => KnownMembers.Joined(session, context.Message.MemberId));

    public Task Consume(ConsumeContext<MemberErased> context) =>
        store.Once(context, session => KnownMembers.Erased(session, context.Message.MemberId));
}
