using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Importer.Demo;

namespace Community.Importer.Tests;

public sealed class DemoYearTests
{
    private static readonly DemoPlans Plans = new(new(new Guid("00000000-0000-0000-0000-000000000001"), "Monthly", 3_900), new(new Guid("00000000-0000-0000-0000-000000000002"), "Yearly", 39_900), new(new Guid("00000000-0000-0000-0000-000000000003"), "Architects", 9_900));

    private static readonly DateOnly Day = new(2026, 5, 20);

    [Fact]
    public void The_year_is_the_same_each_time_and_all_of_it_has_happened()
    {
        var (first, second) = (Batches(), Batches());
        Assert.Equal(first.Select(batch => batch.ToJsonString()), second.Select(batch => batch.ToJsonString()));

        var end = new DateTimeOffset(Day, TimeOnly.MinValue, TimeSpan.Zero);

        foreach (var item in first.SelectMany(batch => batch["Items"]!.AsArray()))
        {
            var at = (item!["at"] ?? item["joinedAt"])?.GetValue<DateTimeOffset>();
            Assert.True(at is null || (at <= end && at >= end.AddDays(-365)), item.ToJsonString());
        }
    }

    [Fact]
    public void It_is_as_large_as_it_says()
    {
        var batches = Batches().ToDictionary(batch => batch["Path"]!.GetValue<string>(), batch => batch["Items"]!.AsArray());
        Assert.InRange(batches["imports/members"].Count, 2_000, 2_100);
        Assert.True(batches["imports/contents"].Count(content => content!["status"]!.GetValue<string>() == "published") >= 120);
        Assert.InRange(batches["imports/topics"].Count, 600, 900);
        Assert.InRange(batches["imports/subscriptions"].Count, 280, 320);
        Assert.Contains(batches["imports/orders"], order => order!["refundedAt"] is not null);
        Assert.Contains(batches["imports/orders"], order => order!["item"]!["kind"]!.GetValue<string>() == "change");

        // No id twice, whatever it is of.
        foreach (var (path, name) in new[] { ("members", "memberId"), ("contents", "contentId"), ("topics", "topicId"), ("replies", "replyId"), ("votes", "voteId"), ("views", "id"), ("orders", "orderId") })
            Assert.Equal(batches[$"imports/{path}"].Count, batches[$"imports/{path}"].Select(item => item![name]!.GetValue<Guid>()).Distinct().Count());
    }

    private static List<JsonNode> Batches()
    {
        var year = new DemoYear(Day, Plans);

        return [.. year.Members.Concat(year.Written).Concat(year.Paid).Select(batch => JsonSerializer.SerializeToNode(batch)!)];
    }
}
