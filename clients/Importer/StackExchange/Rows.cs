namespace Community.Importer.StackExchange;

// What the rows of each file say. A row whose Fault is set afterwards is not to be believed.

internal sealed record UserRow(long? Id, string? Name, DateTime CreatedAt)
{
    public const long System = -1;

    public static UserRow Read(Row row) => new(row.User("Id"), row.OptionalLine("DisplayName"), row.Instant("CreationDate"));
}

internal sealed record PostRow(long Id, PostKind Kind, long Type, long Parent, long? Accepted, long? Owner, string Title, string Body, string[] Tags, DateTime CreatedAt)
{
    public static PostRow Read(Row row)
    {
        var type = row.Number("PostTypeId");
        var kind = row.Fault is not null ? PostKind.LeftOut : type switch { 1 => PostKind.Question, 2 => PostKind.Answer, _ => PostKind.Other };
        var id = row.Id("Id");

        return kind switch
        {
            PostKind.Question => new PostRow(
                id, kind, type, 0, row.OptionalId("AcceptedAnswerId"), row.User("OwnerUserId"),
                row.RequiredLine("Title"), row.Text("Body"), TagsIn(row), row.Instant("CreationDate")),
            PostKind.Answer => new PostRow(
                id, kind, type, row.Id("ParentId"), null, row.User("OwnerUserId"), "", row.Text("Body"), [], row.Instant("CreationDate")),
            PostKind.Other or PostKind.LeftOut => new PostRow(id, kind, type, 0, null, null, "", "", [], default),
        };
    }

    // <a><b> until 2023, |a|b| since.
    private static string[] TagsIn(Row row) => row.OptionalLine("Tags")?.Split(['<', '>', '|'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}

internal sealed record CommentRow(long Id, long Post, long? User, string Text, DateTime CreatedAt)
{
    public static CommentRow Read(Row row) => new(row.Id("Id"), row.Id("PostId"), row.User("UserId"), row.Text("Text"), row.Instant("CreationDate"));
}

internal sealed record VoteRow(long Id, long Post, long Type, DateTime CreatedOn)
{
    public const long Accept = 1, Up = 2, Down = 3;

    public static VoteRow Read(Row row) => new(row.Id("Id"), row.Id("PostId"), row.Number("VoteTypeId"), row.Instant("CreationDate"));

    public static string Name(long type) => type switch
    {
        4 => "offensive",
        5 => "favourite",
        6 => "close",
        7 => "reopen",
        8 => "bounty start",
        9 => "bounty close",
        10 => "deletion",
        11 => "undeletion",
        12 => "spam",
        15 => "moderator review",
        16 => "approved edit suggestion",
        _ => "unknown",
    };
}

internal sealed record BadgeRow(long Id, long? User, string Name, string? Class, DateTime At)
{
    public static BadgeRow Read(Row row) => new(
        row.Id("Id"), row.User("UserId"), row.RequiredLine("Name"),
        row.Number("Class") switch { 1 => "gold", 2 => "silver", 3 => "bronze", _ => null }, row.Instant("Date"));
}
