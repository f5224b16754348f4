using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Marten;
using Npgsql;

namespace Community.EventStore.Tests;

public sealed class Imports
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_item_has_its_own_verdict_and_its_own_instant()
    {
        await using var host = await Store.Start();
        var (taken, negative) = (new ImportedNumber(Store.NewStream(), 7), new ImportedNumber(Store.NewStream(), -5));
        var (unwanted, known) = (new ImportedNumber(Store.NewStream(), 0), new ImportedNumber(Store.NewStream(), 1));

        var result = await Import(host.Documents(), taken, negative, unwanted, known);

        Assert.Equal((1, 1), (result.Taken, result.Already));
        Assert.Equal([(negative.Id, "negative-number"), (unwanted.Id, "unwanted")], result.Refused.Select(item => (item.Id, item.Code)));
        Assert.Equal(new Loaded<Speaker>(new Speaker(7), 1), await host.Documents().Load(Speaker.Decider, taken.Id, asOf: Store.Noon, Ct));
        Assert.Equal(0, (await host.Documents().Load(Speaker.Decider, taken.Id, asOf: Store.Noon.AddSeconds(-1), Ct)).Version);
        Assert.Equal(0, (await host.Documents().Load(Speaker.Decider, known.Id, asOf: null, Ct)).Version);
    }

    [Fact]
    public async Task What_came_in_meanwhile_under_the_same_name_is_known_and_the_others_are_taken()
    {
        var database = await Servers.CreateDatabase("imports");
        await using var host = await Store.Start(database);
        await using var names = NpgsqlDataSource.Create(database);
        await using (var create = names.CreateCommand("create table names (name int primary key); insert into names values (3)"))
            await create.ExecuteNonQueryAsync(Ct);
        ImportedNumber[] facts = [.. Enumerable.Range(2, 3).Select(value => new ImportedNumber(Store.NewStream(), value))];

        // A violation that nobody has told of as harmless is none of it.
        await Assert.ThrowsAnyAsync<Exception>(() => Import(host.Documents(), "another", facts[1]));
        var result = await Import(host.Documents(), "names_pkey", facts);

        Assert.Equal((2, 1, 0), (result.Taken, result.Already, result.Refused.Count));
        var versions = await Task.WhenAll(facts.Select(async fact => (await host.Documents().Load(Speaker.Decider, fact.Id, null, Ct)).Version));
        Assert.Equal([1, 0, 1], versions);
    }

    private static Task<ImportResult> Import(IDocumentStore store, params ImportedNumber[] facts) => Import(store, null, facts);

    private static Task<ImportResult> Import(IDocumentStore store, string? knownBy, params ImportedNumber[] facts) => new BulkImport<ImportedNumber>(facts).Commit(
        store, Speaker.Decider,
        fact => fact.Value switch
        {
            0 => new Rejection("unwanted", "Nobody wants this one."),
            1 => ImportStep<SpeakerCommand>.Known,
            _ => new ImportStep<SpeakerCommand>(
                fact.Id, new Say(fact.Value, fact.At), knownBy is null ? null : session => session.QueueSqlCommand("insert into names values (?)", fact.Value))
        },
        Ct, knownBy);

    private sealed record ImportedNumber(Guid Id, int Value) : IImported
    {
        public DateTimeOffset At => Store.Noon;
    }
}
