using System.Diagnostics;
using Community.EventStore;
using Community.Sample;
using Community.Testing;
using Marten;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.EventStore.Tests;

/// <summary>Commands that come at once share transactions, and must not notice.</summary>
public sealed class SharedTransactions
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commands_at_once_share_transactions_and_each_keeps_its_answer_and_its_envelope()
    {
        await using var host = await Store.Start();
        var streams = Enumerable.Range(0, 200).Select(_ => Store.NewStream()).ToArray();
        var traces = new string[streams.Length];

        var answers = await AtOnce(streams.Length, async i =>
        {
            CommandMetadata.Set(new CommandMetadata($"member-{i}", $"request-{i}", $"trace-{i}"));
            using var activity = new Activity("request").Start();
            traces[i] = activity.Id!;

            return await host.Documents().Handle(Speaker.Decider, streams[i], i % 10 == 0 ? new Say(-1, Store.Noon) : new Say(i, Store.Noon), Ct);
        });

        for (var i = 0; i < streams.Length; i++)
        {
            var history = await host.Documents().History(host.Services.GetRequiredService<KeyRing>(), streams[i], Ct);

            if (i % 10 == 0)
            {
                Assert.Equal(("negative-number", 0), (answers[i].Rejection?.Code, answers[i].Version));
                Assert.Null(history);

                continue;
            }

            Assert.Equal(new Handled<Speaker>(new Speaker(i), 1, true, null), answers[i]);
            var item = Assert.Single(history!.Items);
            Assert.Equal((i, $"member-{i}", $"request-{i}", $"trace-{i}"), ((int)item.Data!["value"]!, item.By, item.CausationId, item.CorrelationId));
            Assert.Equal(traces[i], await host.Scalar<string>($"select headers->>'traceparent' from mt_events where stream_id = '{streams[i]}'"));
        }

        var transactions = await host.Scalar<long>("select count(distinct xmin::text) from mt_events");
        Assert.True(transactions < 150, $"{transactions} transactions for 180 commands share nothing.");
    }

    [Fact]
    public async Task What_fails_fails_alone()
    {
        await using var host = await Store.Start();
        await host.Execute("create table marks (id int primary key); insert into marks values (7)");
        var streams = Enumerable.Range(0, 120).Select(_ => Store.NewStream()).ToArray();

        var outcomes = await AtOnce(streams.Length, async i =>
        {
            var handling = (i % 40) switch
            {
                10 => new CommandOptions { WriteWithEvents = session => session.QueueSqlCommand("insert into marks values (7)") },
                20 => new CommandOptions { ExpectedVersion = 5 },
                30 => new CommandOptions { WriteWithEvents = _ => throw new UnreachableException("A bug.") },
                _ => new CommandOptions { WriteWithEvents = session => session.QueueSqlCommand($"insert into marks values ({1000 + i})") }
            };

            try
            {
                await host.Documents().Handle(Speaker.Decider, streams[i], new SayNext(Store.Noon), handling, Ct);

                return "";
            }
            catch (Exception e)
            {
                return e.UniqueViolation() ?? e.GetType().Name;
            }
        });

        Assert.Equal(
            Enumerable.Range(0, streams.Length).Select(i => (i % 40) switch
            {
                10 => "marks_pkey",
                20 => nameof(VersionConflictException),
                30 => nameof(UnreachableException),
                _ => ""
            }), outcomes);
        Assert.Equal(111, await host.Scalar<long>("select count(*) from mt_events where type = 'number-said.v1'"));
        Assert.Equal(111, await host.Scalar<long>("select count(*) from marks where id >= 1000"));
        Assert.All(await Task.WhenAll(streams.Select((stream, i) => Version(host, stream, i))), version => Assert.Equal(version.Expected, version.Is));

        static async Task<(long Expected, long Is)> Version(WebApplication host, Guid stream, int i) =>
            (i % 40 is 10 or 20 or 30 ? 0 : 1, (await host.Documents().Load(Speaker.Decider, stream, null, Ct)).Version);
    }

    [Fact]
    public async Task Two_replicas_with_shared_transactions_on_the_same_streams_lose_nothing_and_say_nothing_twice()
    {
        var database = await Servers.CreateDatabase("shared");
        await using var one = await Store.Start(database);
        await using var two = await Store.Start(database);
        var streams = Enumerable.Range(0, 20).Select(_ => Store.NewStream()).ToArray();

        await AtOnce(400, i => (i % 2 == 0 ? one : two).Documents().Handle(Speaker.Decider, streams[i / 2 % 20], new SayNext(Store.Noon), Ct));

        foreach (var stream in streams)
        {
            await using var session = one.Documents().QuerySession();
            var events = await session.Events.FetchStreamAsync(stream, token: Ct);
            Assert.Equal(Enumerable.Range(1, 20), events.Select(e => ((NumberSaid)e.Data).Value));
        }
    }

    [Fact]
    public async Task Where_the_connection_breaks_each_caller_is_told_and_none_is_decided_twice()
    {
        var database = await Servers.CreateDatabase("broken");
        await using var host = await Store.Start(database);
        await host.Execute("create table marks (id int primary key)");
        await using var blocker = new NpgsqlConnection(database);
        await blocker.OpenAsync(Ct);
        await using var transaction = await blocker.BeginTransactionAsync(Ct);
        await using var hold = new NpgsqlCommand("lock table marks in exclusive mode", blocker);
        await hold.ExecuteNonQueryAsync(Ct);
        var streams = Enumerable.Range(0, 30).Select(_ => Store.NewStream()).ToArray();
        var decided = 0;
        var counting = Speaker.Decider with
        {
            Decide = (state, command) =>
            {
                Interlocked.Increment(ref decided);

                return Speaker.Decider.Decide(state, command);
            }
        };

        var work = AtOnce(streams.Length, async i =>
        {
            try
            {
                await host.Documents().Handle(
                    counting, streams[i], new SayNext(Store.Noon), new CommandOptions { WriteWithEvents = session => session.QueueSqlCommand($"insert into marks values ({i})") }, Ct);

                return "done";
            }
            catch (Exception e)
            {
                return e.IsDatabaseAway() ? "away" : e.ToString();
            }
        });

        // Each transaction that waits for the lock is cut off, until nobody waits any more.
        await Eventually.True(
            async () =>
            {
                await using var cut = new NpgsqlCommand(
                    "select count(pg_terminate_backend(pid)) from pg_locks where not granted and relation = 'marks'::regclass", blocker);
                await cut.ExecuteScalarAsync(Ct);

                return work.IsCompleted;
            }, "all callers to be told");
        await transaction.RollbackAsync(Ct);

        Assert.All(await work, outcome => Assert.Equal("away", outcome));
        Assert.Equal(streams.Length, decided);
        Assert.Equal(0, await host.Scalar<long>("select count(*) from mt_events where type = 'number-said.v1'"));
        Assert.Equal(1, (await host.Documents().Handle(Speaker.Decider, streams[0], new SayNext(Store.Noon), Ct)).Version);
    }

    private static Task<T[]> AtOnce<T>(int count, Func<int, Task<T>> work) => Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(() => work(i), Ct)));
}

internal static class Asking
{
    public static async Task<T> Scalar<T>(this WebApplication host, string sql)
    {
        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);

        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public static async Task Execute(this WebApplication host, string sql)
    {
        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
