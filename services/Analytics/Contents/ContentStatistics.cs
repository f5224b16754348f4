using Community.Analytics.Ingestion;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Weasel.Postgresql.Tables;

namespace Community.Analytics.Contents;

/// <summary>
/// Of each content what it is, who did what with it, how it was rated and what it earned. Sums, maxima and latest values, so
/// that the order in which things were heard does not matter.
/// </summary>
internal sealed class ContentStatistics : EventProjection
{
    private readonly string _fact;
    private readonly string _member;
    private readonly string _rating;
    private readonly string _comment;
    private readonly string _money;

    public ContentStatistics(StoreOptions options)
    {
        Name = "content-statistics";
        IncludeType<ContentRecorded>();
        IncludeType<ActivityRecorded>();
        IncludeType<RatingRecorded>();
        IncludeType<ContentCommentRecorded>();
        IncludeType<CommentDeletionRecorded>();
        IncludeType<PaymentRecorded>();
        IncludeType<RefundRecorded>();

        var facts = Own("content_facts");
        facts.AddColumn<Guid>("content_id").AsPrimaryKey();
        facts.AddColumn<Guid>("author_id").NotNull();
        facts.AddColumn("title", "text").NotNull();
        facts.AddColumn("topic", "text").NotNull();
        facts.AddColumn("format", "text").NotNull();
        facts.AddColumn("quality", "integer").NotNull();
        facts.AddColumn("published_at", "timestamptz").NotNull();
        facts.Indexes.Add(new IndexDefinition("content_facts_author") { Columns = ["author_id", "content_id"] });

        var members = Own("content_members");
        members.AddColumn<Guid>("content_id").AsPrimaryKey();
        members.AddColumn<Guid>("member_id").AsPrimaryKey();
        members.AddColumn("views", "integer").NotNull();
        members.AddColumn("shares", "integer").NotNull();
        members.AddColumn("depth", "double precision").NotNull();
        members.AddColumn("at", "timestamptz").NotNull();
        members.Indexes.Add(new IndexDefinition("content_members_member") { Columns = ["member_id", "at"] });

        var ratings = Own("content_ratings");
        ratings.AddColumn<Guid>("content_id").AsPrimaryKey();
        ratings.AddColumn<Guid>("member_id").AsPrimaryKey();
        ratings.AddColumn("rating", "integer").NotNull();
        ratings.AddColumn("at", "timestamptz").NotNull();
        ratings.Indexes.Add(new IndexDefinition("content_ratings_at") { Columns = ["at"] });

        var comments = Own("content_comments");
        comments.AddColumn<Guid>("comment_id").AsPrimaryKey();
        comments.AddColumn<Guid>("content_id"); // null: its deletion was heard first
        comments.AddColumn("deleted", "boolean").NotNull();
        comments.Indexes.Add(new IndexDefinition("content_comments_content") { Columns = ["content_id"] });

        var money = Own("content_money");
        money.AddColumn<Guid>("content_id").AsPrimaryKey();
        money.AddColumn("currency", "text").AsPrimaryKey();
        money.AddColumn("amount", "bigint").NotNull();

        _fact = $"""
            insert into {facts.Identifier.QualifiedName} as known (content_id, author_id, title, topic, format, quality, published_at) values (?, ?, ?, ?, ?, ?, ?)
            on conflict (content_id) do update set title = excluded.title, topic = excluded.topic, format = excluded.format, quality = excluded.quality,
                published_at = excluded.published_at where excluded.published_at >= known.published_at
            """;
        _member = $"""
            insert into {members.Identifier.QualifiedName} as known (content_id, member_id, views, shares, depth, at) values (?, ?, ?, ?, ?, ?)
            on conflict (content_id, member_id) do update set views = known.views + excluded.views, shares = known.shares + excluded.shares,
                depth = greatest(known.depth, excluded.depth), at = greatest(known.at, excluded.at)
            """;
        _rating = $"""
            insert into {ratings.Identifier.QualifiedName} as known (content_id, member_id, rating, at) values (?, ?, ?, ?)
            on conflict (content_id, member_id) do update set rating = excluded.rating, at = excluded.at where excluded.at >= known.at
            """;
        _comment = $"""
            insert into {comments.Identifier.QualifiedName} as known (comment_id, content_id, deleted) values (?, ?, ?)
            on conflict (comment_id) do update set content_id = coalesce(known.content_id, excluded.content_id), deleted = known.deleted or excluded.deleted
            """;
        _money = $"""
            insert into {money.Identifier.QualifiedName} as known (content_id, currency, amount) values (?, ?, ?)
            on conflict (content_id, currency) do update set amount = known.amount + excluded.amount
            """;

        Table Own(string name)
        {
            var table = new Table($"{options.DatabaseSchemaName}.{name}");
            SchemaObjects.Add(table);
            Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);

            return table;
        }
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            case ContentRecorded c:
                operations.QueueSqlCommand(_fact, c.ContentId, c.AuthorId, c.Title, c.Topic, c.Format, c.Quality, c.At.ToUniversalTime());
                break;
            // What the service tells has no depth, and is the look itself; what a client tells beside it says how far it went.
            case ActivityRecorded { Kind: ActivityKinds.View, SubjectId: { } content } view:
                operations.QueueSqlCommand(_member, content, view.MemberId, view.Depth is null ? 1 : 0, 0, view.Depth ?? 0, view.At.ToUniversalTime());
                break;
            case ActivityRecorded { Kind: ActivityKinds.Share, SubjectId: { } content } share:
                operations.QueueSqlCommand(_member, content, share.MemberId, 0, 1, 0.0, share.At.ToUniversalTime());
                break;
            case RatingRecorded r:
                operations.QueueSqlCommand(_rating, r.ContentId, r.MemberId, r.Rating, r.At.ToUniversalTime());
                break;
            case ContentCommentRecorded comment:
                operations.QueueSqlCommand(_comment, comment.CommentId, comment.ContentId, false);
                break;
            case CommentDeletionRecorded deletion:
                operations.QueueSqlCommand(_comment, deletion.CommentId, DBNull.Value, true);
                break;
            case PaymentRecorded payment:
                Earned(operations, payment.Lines, payment.Amount, payment.Currency);
                break;
            case RefundRecorded refund:
                Earned(operations, refund.Lines, -refund.Amount, refund.Currency);
                break;
        }

        return ValueTask.CompletedTask;
    }

    // What was paid, or went back, is spread over the lines by their prices: a coupon has made all of them cheaper.
    private void Earned(IDocumentOperations operations, PaidLine[] lines, long amount, string currency)
    {
        var (price, left) = (lines.Sum(line => line.Amount), amount);

        foreach (var (i, line) in lines.Index())
        {
            var part = i == lines.Length - 1 ? left : price == 0 ? 0 : (long)((Int128)amount * line.Amount / price);
            left -= part;

            if (line.Kind == "content")
            {
                operations.QueueSqlCommand(_money, line.SubjectId, currency, part);
            }
        }
    }
}
