using Community.Testing;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Membership.Tests;

/// <summary>Another replica of a membership, which is quicker: in one process commands on a stream take turns, and nobody loses a race.</summary>
internal static class AnotherReplica
{
    /// <summary>Lets a request read the stream as it was, and append only after these events have come to it.</summary>
    public static async Task<HttpResponseMessage> IsQuicker(
        ServiceHost<Program> host, Guid stream, IReadOnlyList<object> events, Func<Task<HttpResponseMessage>> request)
    {
        await using var database = NpgsqlDataSource.Create(host.Database);
        await using var session = host.Services.GetRequiredService<IDocumentStore>().LightweightSession();
        await session.Events.AppendExclusive(stream, [.. events]);
        var answer = request();
        await Eventually.Value(
            async () =>
            {
                await using var count = database.CreateCommand(
                    "select count(*)::int from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0");

                return (int)(await count.ExecuteScalarAsync(MembershipService.Ct))!;
            },
            waiting => waiting > 0, "the request to wait for the stream");
        await session.SaveChangesAsync(MembershipService.Ct);

        return await answer;
    }
}
