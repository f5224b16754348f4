using Community.EventStore;
using Community.Sample;
using Community.Testing;
using JasperFx.Events.Projections;
using Marten;
using Npgsql;

namespace Community.EventStore.Tests;

/// <summary>A service called to rebuild, with nobody else there.</summary>
public sealed class Offline
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_with_the_events_is_built_anew_from_the_log_where_no_replica_runs()
    {
        var database = await Servers.CreateDatabase("offline");
        var serving = await Store.Start(database, Configure);
        var stream = Store.NewStream();
        await serving.Documents().HandleBatch(
            Speaker.Decider, [.. Enumerable.Range(1, 700).Select(n => (stream, (SpeakerCommand)new Say(n, Store.Noon), new CommandOptions()))], Ct);
        var (said, tally) = (await Rows("select data::text from mt_doc_said"), await Rows("select tally::text from tally"));
        Assert.Equal((700, 10), (said.Count, tally.Count));
        await Eventually.True(
            () => Task.FromResult(serving.Services.GetService(typeof(ProjectionHost)) is ProjectionHost { Daemon: not null }), "the replica to lead");

        // A bug has spoilt some rows, lost some, and made some up.
        await Rows("""
            update mt_doc_said set data = jsonb_set(data, '{value}', '-1') where (data->>'value')::int < 10;
            delete from mt_doc_said where (data->>'value')::int > 600;
            insert into mt_doc_said (id, data) values (gen_random_uuid(), '{"value": 4711}');
            update tally set count = count + 1;
            """);
        Assert.Equal(1, await Rebuild());
        Assert.NotEqual(tally, await Rows("select tally::text from tally"));

        await serving.StopAsync(Ct);
        await serving.DisposeAsync();
        Assert.Equal(0, await Rebuild());
        Assert.Equal(said, await Rows("select data::text from mt_doc_said"));
        Assert.Equal(tally, await Rows("select tally::text from tally"));
        Assert.Equal(["0"], await Rows("select count(*)::text from mt_event_progression where last_seq_id > 0 and name not like 'HighWater%'"));

        // And the service goes on from there.
        await using var again = await Store.Start(database, Configure);
        await again.Documents().Handle(Speaker.Decider, stream, new Say(701, Store.Noon), Ct);
        Assert.Equal(701, (await Rows("select data::text from mt_doc_said")).Count);

        async Task<int> Rebuild() => await (await Store.Build(database, Configure)).RunOrRebuild([OfflineRebuild.Argument]);

        async Task<List<string>> Rows(string sql)
        {
            await using var connection = new NpgsqlConnection(database);
            await connection.OpenAsync(Ct);
            await using var command = new NpgsqlCommand(sql, connection);
            await using var row = await command.ExecuteReaderAsync(Ct);
            var rows = new List<string>();
            while (await row.ReadAsync(Ct))
                rows.Add(row.GetString(0));

            return [.. rows.Order(StringComparer.Ordinal)];
        }

        static void Configure(StoreOptions options)
        {
            options.Projections.Add(new InlineRemarks(), ProjectionLifecycle.Inline);
            options.Projections.Add(new Tally(options), ProjectionLifecycle.Inline);
        }
    }

    [Fact]
    public async Task A_read_model_that_does_not_say_which_tables_are_its_own_is_left_alone()
    {
        var database = await Servers.CreateDatabase("nobodys");
        var app = await Store.Build(database, options => options.Projections.Add(new Nobodys(), ProjectionLifecycle.Inline));
        Assert.Equal(1, await app.RunOrRebuild([OfflineRebuild.Argument]));
    }

    private sealed class Nobodys : Marten.Events.Projections.EventProjection
    {
        public Nobodys() => IncludeType<NumberSaid>();

        public override ValueTask ApplyAsync(IDocumentOperations operations, JasperFx.Events.IEvent e, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}
