namespace Community.Analytics.Recommendations;

/// <summary>
/// Items that the same members have taken up: two items are as near as the cosine of their members, those of both / the root
/// of those of the one times those of the other. The same SQL finds neighbours for members and for the off-line evaluation.
/// </summary>
internal static class ItemCosine
{
    /// <summary>Items of one member that count: the work grows with the square of it.</summary>
    public const int Latest = 200;

    /// <summary>Neighbours that are kept of one item.</summary>
    public const int Nearest = 50;

    /// <summary>(item_id, neighbour_id, score)</summary>
    /// <param name="interactions">A relation (member_id, item_id, at), once for each member and item.</param>
    public static string Neighbours(string interactions) =>
        $"""
        with recent as materialized (
            select member_id, item_id from (select *, row_number() over (partition by member_id order by at desc, item_id) as nth from {interactions} i) latest
            where nth <= {Latest}),
        sizes as (select item_id, count(*)::float8 as members from recent group by item_id),
        pairs as (
            select a.item_id, b.item_id as neighbour_id, count(*) as shared
            from recent a join recent b on b.member_id = a.member_id and b.item_id <> a.item_id group by 1, 2),
        scored as (
            select p.item_id, p.neighbour_id, p.shared / sqrt(one.members * other.members) as score
            from pairs p join sizes one on one.item_id = p.item_id join sizes other on other.item_id = p.neighbour_id)
        select item_id, neighbour_id, score
        from (select *, row_number() over (partition by item_id order by score desc, neighbour_id) as nth from scored) ranked where nth <= {Nearest}
        """;
}
