using System.Collections.Immutable;
using System.Globalization;
using Npgsql;

namespace Community.SystemTests.Fuzz;

/// <summary>What all tables of a service hold: how many rows, and a sum over who wrote them, which changes with each row that is written anew.</summary>
internal sealed record StoredRows(ImmutableSortedDictionary<string, string> Tables)
{
    /// <summary>Where a refused request, or no request at all, may write.</summary>
    private static readonly IReadOnlyDictionary<string, string> Excepted = new Dictionary<string, string>
    {
        ["mt_event_progression"] = "how far projections and the relay are",
        ["inbox"] = "what was heard is noted and compacted by itself",
        ["sign_in_failures"] = "wrong passwords and codes are counted",
        ["known_networks"] = "which networks an account has signed in from",
        ["sessions"] = "when a session was last used, and that a refresh token was used twice",
        ["rule_replay_members"] = "a replay of rules keeps what comes of it",
        ["gateway_refusals"] = "notifications with a wrong signature are shown to operators"
    };

    /// <summary>Where a job of the service changes rows in its own time; a new row there is a change as anywhere.</summary>
    private static readonly IReadOnlyDictionary<string, string> ChangedByJobs = new Dictionary<string, string>
    {
        ["rule_replays"] = "a replay of rules says how far it is",
        ["mails"] = "within seconds a mail that waits is sent, or told in the log"
    };

    public static async Task<StoredRows> Of(NpgsqlConnection database)
    {
        var names = new List<string>();
        await using (var select = new NpgsqlCommand("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')", database))
        await using (var rows = await select.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                names.Add(rows.GetString(0));
            }
        }

        var tables = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        await using var count = new NpgsqlCommand(
            string.Join(" union all ", names.Select(name => $"select '{name}', count(*), {(ChangedByJobs.ContainsKey(Table(name)) ? "0" : "coalesce(sum(xmin::text::bigint), 0)")}::bigint from {name}")), database);
        await using var counts = await count.ExecuteReaderAsync();
        while (await counts.ReadAsync())
            tables[counts.GetString(0)] = string.Create(CultureInfo.InvariantCulture, $"{counts.GetInt64(1)} rows ({counts.GetInt64(2)})");

        return new(tables.ToImmutable());
    }

    /// <summary>Where nothing should have been written, and was.</summary>
    public IReadOnlyList<string> Changes(StoredRows since) => [.. All(since).Where(change => !Excepted.ContainsKey(Table(change.Name))).Select(change => change.What)];

    /// <summary>Tables in which something was written, as may be.</summary>
    public IEnumerable<string> ExceptedChanges(StoredRows since) => All(since).Select(change => Table(change.Name)).Where(Excepted.ContainsKey);

    private static string Table(string name) => name.Split('.')[^1];

    private IEnumerable<(string Name, string What)> All(StoredRows since) =>
        from name in Tables.Keys.Union(since.Tables.Keys).Order(StringComparer.Ordinal)
        let then = since.Tables.GetValueOrDefault(name, "not there")
        let now = Tables.GetValueOrDefault(name, "not there")
        where now != then
        select (name, $"{name}: {then}, then {now}");
}
