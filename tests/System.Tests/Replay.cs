using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>What the services keep, against what their logs say.</summary>
internal static partial class Replay
{

    // The log itself, what is made from no events, and what changes by itself while one looks: what rules find, and neighbours.
    private const string NoReadModels =
        "'mt_events', 'mt_streams', 'mt_event_progression', 'mt_high_water_skips', 'inbox', 'replayed', 'idempotency_keys', 'projection_rebuilds', 'staff_actions', "
        + "'mt_doc_decisioninlist', 'content_neighbours', 'content_freshness', 'content_dismissals'";

    /// <summary>
    /// Each read model is what the service makes of its log from zero: those that follow the log are rebuilt while it serves,
    /// those that are written with the events on a copy. And the points and the comments are what the log says, read by other code.
    /// </summary>
    public static async Task EqualsAReplay(this CommunitySystem system)
    {
        await Task.WhenAll(CommunitySystem.Services.Select(system.EqualsAReplay));
        await Task.WhenAll(CommunitySystem.Services.Select(system.EqualsAReplayOffline));
        await system.EqualsTheLog("incentives",
            "select entry_id::text, member_id::text, points::text, rule, rule_version::text, cause from points_entries where kind = 'earned'",
            "select id::text, data->>'memberId', data->>'points', data->>'rule', data->>'ruleVersion', data->>'cause' from mt_events where type in ('points-earned.v1', 'points-earned.v2')");
        foreach (var service in new[] { "membership", "content" })
            await system.EqualsTheLog(service,
                "select event_id::text, by::text, type, subject::text from staff_actions",
                "select id::text, user_name, type, stream_id::text from mt_events where headers ? 'by-staff'");
        await system.EqualsTheLog("content",
            "select id::text from mt_doc_commenttext",
            "select stream_id::text from mt_events where type = 'comment-posted.v1' and stream_id not in (select stream_id from mt_events where type = 'comment-deleted.v1')");
    }

    private static async Task EqualsAReplay(this CommunitySystem system, string service)
    {
        var projections = await Eventually.Value(
            () => system.Projections(service), all => all.All(p => (long?)p["behind"] is 0 or null), $"{service} to have caught up with its log");
        var rebuildable = projections.Where(p => (bool)p["rebuildable"]!).Select(p => p.Text("name")).ToList();

        // Where all read models are written with the events, other tables (sign-ins, mails) change while one looks.
        if (rebuildable.Count == 0)
            return;

        var before = await system.ReadModels($"{service}db");

        foreach (var name in rebuildable)
        {
            var rebuild = (await system.Owner.Post($"{service}/projections/{name}/rebuilds").Gives(202)).Id("rebuildId");
            var ended = await Eventually.Value(
                () => system.Owner.Get($"{service}/projections/{name}/rebuilds/{rebuild}").Gives(200), r => r["endedAt"] is not null,
                $"{name} of {service} to be rebuilt");
            Assert.Equal("finished", ended.Text("status"));
        }

        AreTheSame(service, before, await system.ReadModels($"{service}db"));
    }

    private static async Task EqualsAReplayOffline(this CommunitySystem system, string service)
    {
        var written = (await system.Projections(service)).Where(p => p.Text("status") == "inline").Select(p => p.Text("name")!).ToList();

        if (written.Count == 0)
            return;

        var (before, after, said) = await system.RebuiltOffline(service, system.ReadModels);
        Assert.Equal(written.Order(StringComparer.Ordinal), Rebuilt().Matches(said).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
        AreTheSame(service, before, after);
    }

    private static void AreTheSame(
        string service, SortedDictionary<string, IReadOnlyList<string>> before, SortedDictionary<string, IReadOnlyList<string>> after)
    {
        Assert.Equal(before.Keys, after.Keys);

        foreach (var (table, rows) in before)
        {
            Assert.Equal((service, table, ""), (service, table, Differences(rows, after[table])));
        }
    }

    private static async Task EqualsTheLog(this CommunitySystem system, string service, string kept, string told)
    {
        await using var connection = await system.Database($"{service}db");
        var rows = await Rows(connection, kept);
        Assert.NotEmpty(rows);
        Assert.Equal("", Differences(rows, await Rows(connection, told)));
    }

    private static async Task<IReadOnlyList<JsonNode>> Projections(this CommunitySystem system, string service) =>
        [.. (await system.Owner.Get($"{service}/projections").Gives(200))["items"]!.AsArray().Select(item => item!)];

    private static async Task<SortedDictionary<string, IReadOnlyList<string>>> ReadModels(this CommunitySystem system, string database)
    {
        await using var connection = await system.Database(database);

        // When and by which version of the code a row was written is no part of what it says.
        var selects = await Rows(connection, $"""
            select format('%s|select %s from %I', table_name, string_agg(format('%I::text', column_name), ', ' order by column_name), table_name)
            from information_schema.columns
            where table_schema = 'public' and table_name not in ({NoReadModels}) and column_name not in ('mt_last_modified', 'mt_version', 'mt_dotnet_type')
                and table_name in (select tablename from pg_tables where schemaname = 'public')
            group by table_name
            """);
        var models = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

        foreach (var select in selects.Select(line => line.Split('|', 2)))
        {
            models[select[0]] = await Rows(connection, select[1]);
        }

        return models;
    }

    private static async Task<IReadOnlyList<string>> Rows(NpgsqlConnection connection, string sql)
    {
        await using var select = new NpgsqlCommand(sql, connection);
        await using var row = await select.ExecuteReaderAsync();
        var rows = new List<string>();

        while (await row.ReadAsync())
        {
            rows.Add(string.Join(" · ", Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? "-" : row.GetString(i))));
        }

        return rows;
    }

    private static string Differences(IReadOnlyList<string> one, IReadOnlyList<string> other)
    {
        var counts = one.CountBy(row => row).ToDictionary();

        foreach (var (row, count) in other.CountBy(row => row))
        {
            counts[row] = counts.GetValueOrDefault(row) - count;
        }

        return string.Join('\n', counts.Where(row => row.Value != 0).Take(5).Select(row => $"{row.Value:+#;-#}: {row.Key}"));
    }

    [GeneratedRegex(@"^Rebuilt (\S+) \(", RegexOptions.Multiline)]
    private static partial Regex Rebuilt();
}

/// <summary>Once for a class of disasters: after all of its tests each read model is what its log says.</summary>
public sealed class ReplayAfterwards(ReplicatedSystem system) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (!system.IsStarted)
            return; // none of its tests ran

        await system.AllIsHeard();
        await system.EqualsAReplay();
    }
}

/// <summary>Of what is on the system; with the dump on it, it is the long suite's (<see cref="ReplayAfterwards"/>).</summary>
[Collection(typeof(OnOneSystem))]
public sealed class ReplayTests(CommunitySystem system)
{
    [Fact]
    public async Task Each_read_model_of_each_service_is_what_its_log_says()
    {
        await new Story(system).Tell();
        await system.AllIsHeard();

        await system.EqualsAReplay();
    }
}
