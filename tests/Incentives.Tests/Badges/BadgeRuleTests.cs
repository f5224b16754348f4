using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Content.Contracts;
using Community.Incentives.Badges;
using Community.Incentives.Rules;
using Community.Testing;

namespace Community.Incentives.Tests.Badges;

public sealed class BadgeRuleTests(IncentivesHost incentives)
{
    private static readonly DateTimeOffset Noon = new(2026, 4, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly BadgeRule Teacher = new(Guid.CreateVersion7(Noon), "Teacher", null, Activities.AcceptedReply, Beneficiary.Author, null, null, [new(BadgeClass.Bronze, 1)]);

    [Fact]
    public async Task A_badge_is_awarded_for_the_past_and_from_then_on_in_classes_and_goes_with_what_it_was_for()
    {
        var (author, asker) = (IncentivesHost.NewId(), IncentivesHost.NewId());
        var first = Acceptance(author, asker, 0);
        await Say(first, Acceptance(author, author, 1), Acceptance(asker, author, 1));
        using var staff = incentives.Operator;
        var name = $"Helper {author}";
        using var defined = await staff.PostAsJsonAsync("/badges", new
        {
            name,
            activity = "acceptedReply",
            to = "author",
            description = "Answers that helped",
            tiers = new[] { new { @class = "bronze", count = 1 }, new { @class = "silver", count = 3 } }
        });
        Assert.Equal(HttpStatusCode.Created, defined.StatusCode);
        var badge = (await defined.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("badgeId").GetGuid();
        await incentives.Settled();
        var own = Assert.Single(await Badges(author)); // what one accepted of one's own is not counted
        Assert.Equal(("bronze", 1, "Answers that helped", $"accepted-reply/{first.ReplyId}"), (
            own.GetProperty("class").GetString(), own.GetProperty("count").GetInt32(), own.GetProperty("description").GetString(), own.GetProperty("cause").GetString()));
        Assert.Equal(first.At, own.GetProperty("at").GetDateTimeOffset());
        Assert.Single(await Badges(asker));

        var (second, third) = (Acceptance(author, asker, 2), Acceptance(author, asker, 3));
        await Say(third, second);
        Assert.Equal(["silver", "bronze"], (await Badges(author)).Select(Class));

        // Others see the badge, and not what completed it.
        using var other = incentives.Member(asker);
        var seen = (await other.GetFromJsonAsync<JsonElement>($"/members/{author}/badges")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(2, seen.Count);
        Assert.All(seen, one => Assert.Equal(JsonValueKind.Null, one.GetProperty("cause").ValueKind));

        await Say(new ReplyAcceptanceWithdrawn(second.TopicId, second.ReplyId, author, Noon.AddMinutes(9)));
        Assert.Equal(["bronze"], (await Badges(author)).Select(Class));
        await Say(Acceptance(author, asker, 10));
        Assert.Equal(["silver", "bronze"], (await Badges(author)).Select(Class));
        await Say(new ReplyDeleted(first.TopicId, first.ReplyId, Noon.AddMinutes(11)), new ReplyDeleted(third.TopicId, third.ReplyId, Noon.AddMinutes(11)));
        Assert.Equal(["bronze"], (await Badges(author)).Select(Class));
        await Eventually.Value(
            () => Task.FromResult((
                incentives.Neighbour.Heard.Select(heard => heard.Fact).OfType<Contracts.BadgeAwarded>().Count(award => award.MemberId == author && award.Badge == name),
                incentives.Neighbour.Heard.Select(heard => heard.Fact).OfType<Contracts.BadgeWithdrawn>().Count(award => award.MemberId == author))),
            told => told == (3, 2), "three awards, two of them withdrawn, to be told");

        // Retired, it is awarded no more, and who has it keeps it.
        Assert.Equal(HttpStatusCode.NoContent, (await staff.DeleteAsync($"/badges/{badge}")).StatusCode);
        var late = IncentivesHost.NewId();
        await Say(Acceptance(late, asker, 12), Acceptance(author, asker, 13), Acceptance(author, asker, 14));
        Assert.Equal((0, 1), ((await Badges(late)).Count, (await Badges(author)).Count));
        Assert.DoesNotContain((await staff.GetFromJsonAsync<JsonElement>("/badges/rules")).GetProperty("items").EnumerateArray(), one => one.GetProperty("badgeId").GetGuid() == badge);
    }

    [Theory]
    [InlineData("""{"name":"a","activity":"comment","to":"author","tiers":[{"class":"bronze","count":1}]}""", "to")]
    [InlineData("""{"name":"a","activity":"upvote","to":"both","tiers":[{"class":"bronze","count":1}]}""", "to")]
    [InlineData("""{"name":"a","activity":"topic","minQuality":4,"tiers":[{"class":"bronze","count":1}]}""", "minQuality")]
    [InlineData("""{"name":"a","activity":"topic","when":{"firstTime":true},"tiers":[{"class":"bronze","count":1}]}""", "when.firstTime")]
    [InlineData("""{"name":"a","activity":"comment","tiers":[{"class":"silver","count":1},{"class":"bronze","count":2}]}""", "tiers")]
    [InlineData("""{"name":"a","activity":"comment","tiers":[{"class":"bronze","count":2},{"class":"silver","count":2}]}""", "tiers")]
    [InlineData("""{"name":"a","activity":"comment","tiers":[]}""", "tiers")]
    [InlineData("""{"name":"a","activity":"comment","tiers":[{"class":"bronze","count":0}]}""", "tiers[0].count")]
    [InlineData("""{"name":" ","activity":"comment","tiers":[{"class":"bronze","count":1}]}""", "name")]
    [InlineData("""{"name":"a","activity":"sleeping","tiers":[{"class":"bronze","count":1}]}""", "activity")]
    public async Task What_cannot_be_a_badge_is_refused_at_its_field(string body, string field)
    {
        using var staff = incentives.Operator;
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await staff.PostAsync("/badges", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _), await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public void Two_badges_have_two_names() => Spec.For(BadgeRules.Decider)
        .Given(new BadgeDefined(Teacher, Noon))
        .When(new DefineBadge(Teacher with { BadgeId = Guid.CreateVersion7(Noon) }, Noon))
        .ThenRejected("badge-name-taken");

    [Fact]
    public void There_are_so_many_badges_and_no_more() => Spec.For(BadgeRules.Decider)
        .Given(Enumerable.Range(0, BadgeRules.Most).Select(n => new BadgeDefined(Teacher with { BadgeId = Guid.CreateVersion7(Noon), Name = $"{n}" }, Noon)))
        .When(new DefineBadge(Teacher, Noon))
        .ThenRejected("too-many-badges");

    private static ReplyAccepted Acceptance(Guid author, Guid asker, int minute) => new(IncentivesHost.NewId(), IncentivesHost.NewId(), author, asker, Noon.AddMinutes(minute), Imported: false);

    private static string? Class(JsonElement badge) => badge.GetProperty("class").GetString();

    private async Task<List<JsonElement>> Badges(Guid member)
    {
        using var client = incentives.Member(member);

        return [.. (await client.GetFromJsonAsync<JsonElement>($"/members/{member}/badges")).GetProperty("items").EnumerateArray()];
    }

    private async Task Say(params object[] facts)
    {
        var messages = facts.Select(fact => (Id: IncentivesHost.NewId(), fact)).ToList();
        await Task.WhenAll(messages.Select(message => incentives.Neighbour.Publish(message.Id, message.fact)));
        await incentives.Consumed(messages.ConvertAll(message => message.Id));
    }
}
