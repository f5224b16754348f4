using Community.EventStore;
using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.EventStore.Tests;

public sealed class SchemaStamps
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Three starts: of a release, of the next one, whose index the table gets, and of the first one again.</summary>
    [Fact]
    public async Task A_release_that_comes_back_brings_its_schema_back()
    {
        var database = await Servers.CreateDatabase("stamps");
        await Migrate(database, Former);
        Assert.Equal(["mt_doc_shelf_idx_name"], await Indexes(database));

        await Migrate(database, Next);
        Assert.Equal(["mt_doc_shelf_idx_colour"], await Indexes(database));

        await Migrate(database, Former);
        Assert.Equal(["mt_doc_shelf_idx_name"], await Indexes(database));
    }

    /// <summary>A start that compared would make the index again.</summary>
    [Fact]
    public async Task A_start_that_finds_its_stamp_compares_nothing()
    {
        var database = await Servers.CreateDatabase("stamps");
        await Migrate(database, Former);
        await using var source = NpgsqlDataSource.Create(database);
        await using (var drop = source.CreateCommand("drop index mt_doc_shelf_idx_name"))
            await drop.ExecuteNonQueryAsync(Ct);

        await Migrate(database, Former);
        Assert.Empty(await Indexes(database));
    }

    private static void Former(StoreOptions options) => options.Schema.For<Shelf>().DocumentAlias("shelf").Index(shelf => shelf.Name);

    private static void Next(StoreOptions options) => options.Schema.For<Shelf>().DocumentAlias("shelf").Index(shelf => shelf.Colour);

    private static async Task Migrate(string database, Action<StoreOptions> configure)
    {
        await using var app = await Store.Build(database, configure);
        await app.Services.GetRequiredService<SchemaMigration>().StartingAsync(Ct);
    }

    private static async Task<List<string>> Indexes(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var select = source.CreateCommand("select indexname from pg_indexes where tablename = 'mt_doc_shelf' and indexname like '%idx%'");
        await using var reader = await select.ExecuteReaderAsync(Ct);
        List<string> names = [];
        while (await reader.ReadAsync(Ct))
            names.Add(reader.GetString(0));

        return names;
    }

    private sealed record Shelf(Guid Id, string Name, string Colour);
}
