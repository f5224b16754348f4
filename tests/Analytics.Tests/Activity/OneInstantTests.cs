using Community.Analytics.Activity;
using Community.Content.Contracts;
using Npgsql;

namespace Community.Analytics.Tests.Activity;

public sealed class OneInstantTests(AnalyticsHost analytics) : IClassFixture<AnalyticsHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_queries_of_one_answer_see_one_instant_and_no_table_is_taken_from_between_them()
    {
        var at = new DateTimeOffset(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);
        (Guid Id, object Fact) viewed = (AnalyticsHost.NewId(), new ContentViewed(AnalyticsHost.NewId(), AnalyticsHost.NewId(), at));
        await analytics.Publish([viewed]);
        await analytics.Consumed([viewed.Id]);
        await analytics.Projected();
        var range = new DayRange(new(2024, 5, 1), new(2024, 5, 31));
        var may = new FigureShape(Period.Month, range, range, range.To);
        await using var database = NpgsqlDataSource.Create(analytics.Host.Database);
        await using var other = await database.OpenConnectionAsync(Ct);
        await using var figures = await ActivitySnapshot.Open(database, Ct);

        // Before anything is asked the tables are held already, as a swap would find.
        await using var transaction = await other.BeginTransactionAsync(Ct);
        await using var swap = new NpgsqlCommand("lock table member_calendar, member_periods, member_days in access exclusive mode nowait", other);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => swap.ExecuteNonQueryAsync(Ct));
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
        await transaction.RollbackAsync(Ct);

        var before = await figures.Active(may, Ct);
        Assert.Equal([new PeriodCount(range.From, 1)], before);
        await using var forget = new NpgsqlCommand("delete from member_days", other);
        Assert.Equal(1, await forget.ExecuteNonQueryAsync(Ct));
        Assert.Equal(before, await figures.Active(may, Ct));
        await using var later = await ActivitySnapshot.Open(database, Ct);
        Assert.Empty(await later.Active(may, Ct));
    }
}
