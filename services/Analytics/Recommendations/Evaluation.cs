using System.Globalization;
using CsvHelper;
using Dapper;
using Npgsql;

namespace Community.Analytics.Recommendations;

/// <param name="Precision">At ten: hits / 10, the mean over all members.</param>
/// <param name="Ndcg">At ten: 1 / log2(place + 1) of the hit, the mean over all members.</param>
internal sealed record Quality(double Precision, double Ndcg);

/// <param name="Members">With two items or more: of each the last one was left out.</param>
internal sealed record EvaluationResult(long Members, Quality Mixed, Quality Popularity);

/// <summary>
/// Leaves each member's last item out, and looks whether it is among the ten that would have been recommended: by the mix
/// of nearness and popularity, and by popularity alone. The same SQL as what members get, on any log of users, items and times.
/// </summary>
internal static class Evaluation
{
    public const string Argument = "evaluate-recommendations";

    private static readonly string Measure =
        $"""
        create temp table log as
            select member_id, item_id, min(at) as at from raw group by member_id, item_id;
        create temp table held as
            select distinct on (member_id) member_id, item_id from log
            where member_id in (select member_id from log group by member_id having count(*) > 1) order by member_id, at desc, item_id;
        create temp table train as
            select l.* from log l left join held h using (member_id, item_id) where h.member_id is null;
        create index on train (member_id, item_id);
        create temp table near as {ItemCosine.Neighbours("train")};
        create index on near (item_id);
        analyze train; analyze near; analyze held;
        create temp table popular as select item_id, count(*) as members from train group by item_id;
        create temp table top as select item_id, members from popular order by members desc, item_id limit 300;
        """;

    /// <summary>Ten of each member, the best first: by the mix that members get, or by popularity alone.</summary>
    private static string Hits(bool mixed) =>
        $"""
        with near_mine as (
            select h.member_id, n.item_id_near as item_id, sum(n.score) as score from held h join train t on t.member_id = h.member_id
            join (select item_id, neighbour_id as item_id_near, score from near) n on n.item_id = t.item_id group by 1, 2),
        candidates as (
            select member_id, item_id from near_mine union select h.member_id, p.item_id from held h cross join top p),
        scored as (
            select c.member_id, c.item_id, {(mixed ? "coalesce(n.score, 0) + " : "")}coalesce(p.members, 0)::float8 / (select max(members) from popular) as score
            from candidates c left join near_mine n using (member_id, item_id) left join popular p on p.item_id = c.item_id
            where not exists (select from train t where t.member_id = c.member_id and t.item_id = c.item_id)),
        ranked as (select member_id, item_id, row_number() over (partition by member_id order by score desc, item_id) as place from scored)
        select count(r.place)::float8 / 10 / greatest(count(*), 1) as precision, coalesce(sum(1 / (ln(r.place + 1.0::float8) / ln(2.0::float8))), 0)::float8 / greatest(count(*), 1) as ndcg
        from held h left join ranked r on r.member_id = h.member_id and r.item_id = h.item_id and r.place <= 10
        """;

    public static async Task<int> Run(WebApplication app, string file, CancellationToken ct)
    {
        await using (app)
        {
            using var text = File.OpenText(file);
            var result = await Of(app.Services.GetRequiredService<NpgsqlDataSource>(), Rows(text), ct);
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
                members {result.Members}
                             precision@10  nDCG@10
                mixed        {result.Mixed.Precision,12:F5}  {result.Mixed.Ndcg,7:F5}
                popularity   {result.Popularity.Precision,12:F5}  {result.Popularity.Ndcg,7:F5}
                """));

            return 0;
        }
    }

    public static async Task<EvaluationResult> Of(NpgsqlDataSource database, IEnumerable<(string User, string Item, DateTimeOffset At)> log, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        // Nothing of it stays.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("create temp table raw (member_id text, item_id text, at timestamptz)", cancellationToken: ct));

        await using (var copy = await connection.BeginBinaryImportAsync("copy raw from stdin (format binary)", ct))
        {
            foreach (var (user, item, at) in log)
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(user, ct);
                await copy.WriteAsync(item, ct);
                await copy.WriteAsync(at.ToUniversalTime(), ct);
            }

            await copy.CompleteAsync(ct);
        }

        await connection.ExecuteAsync(new CommandDefinition(Measure, commandTimeout: 0, cancellationToken: ct));
        var members = await connection.QuerySingleAsync<long>(new CommandDefinition("select count(*) from held", cancellationToken: ct));
        var mixed = await connection.QuerySingleAsync<Quality>(new CommandDefinition(Hits(mixed: true), commandTimeout: 0, cancellationToken: ct));
        var popularity = await connection.QuerySingleAsync<Quality>(new CommandDefinition(Hits(mixed: false), commandTimeout: 0, cancellationToken: ct));

        return new EvaluationResult(members, mixed, popularity);
    }

    /// <summary>With a line of names: user, item and time, in any order.</summary>
    private static IEnumerable<(string User, string Item, DateTimeOffset At)> Rows(TextReader text)
    {
        using var csv = CsvReader.Create(text, new CsvReaderOptions(), leaveOpen: true);
        _ = csv.Headers;

        if (!csv.TryGetFieldIndex("user", out var user) || !csv.TryGetFieldIndex("item", out var item) || !csv.TryGetFieldIndex("time", out var time))
        {
            throw new InvalidOperationException("The file has no columns user, item and time.");
        }

        while (csv.Read())
        {
            yield return (csv.GetString(user), csv.GetString(item), DateTimeOffset.Parse(csv.GetString(time), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        }
    }
}
