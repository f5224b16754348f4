using Community.Analytics.Ingestion;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Activity;

/// <summary>When each member joined, and first paid: instants, so that no time zone is counted in.</summary>
internal sealed class MemberStarts : EventProjection
{
    public const string ProjectionName = "member-starts";
    public const string Joining = "joining";
    public const string Payment = "payment";
    private readonly string _start;

    public MemberStarts(StoreOptions options)
    {
        Name = ProjectionName;
        IncludeType<MemberJoinRecorded>();
        IncludeType<PaymentRecorded>();

        var table = new Table($"{options.DatabaseSchemaName}.member_starts");
        table.AddColumn("kind", "text").AsPrimaryKey();
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        table.AddColumn("at", "timestamptz").NotNull();
        table.Indexes.Add(new IndexDefinition("member_starts_at") { Columns = ["kind", "at", "member_id"] });
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _start = $"""
            insert into {table.Identifier.QualifiedName} as known (kind, member_id, at) values (?, ?, ?)
            on conflict (kind, member_id) do update set at = excluded.at where excluded.at < known.at
            """;
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        if (e.Data is MemberJoinRecorded join)
        {
            operations.QueueSqlCommand(_start, Joining, join.MemberId, join.At.ToUniversalTime());
        }
        else if (e.Data is PaymentRecorded { Amount: > 0 } payment)
        {
            operations.QueueSqlCommand(_start, Payment, payment.MemberId, payment.At.ToUniversalTime());
        }

        return ValueTask.CompletedTask;
    }
}
