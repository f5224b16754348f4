using System.Text;
using System.Text.Json;
using Xunit;

namespace Community.Importer.Tests;

public class LyingDumpTests
{
    [Fact]
    public async Task An_honest_dump_comes_in_whole()
    {
        using var dump = new MadeDump();
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal(0, import.Exit);
        Assert.Equal((2, 0, 1), import.Of("members"));
        Assert.Equal((1, 0, 0), import.Of("votes"));
        var ids = new SourceIds("test");
        Assert.Equal(new DateTimeOffset(2016, 2, 4, 0, 0, 0, TimeSpan.Zero), community.Find("imports/accepted-replies", ids.Post(1))?.GetProperty("at").GetDateTimeOffset());
        Assert.Equal(new DateTimeOffset(2016, 2, 1, 10, 0, 0, TimeSpan.Zero), community.Find("imports/votes", ids.Vote(2))?.GetProperty("at").GetDateTimeOffset()); // not before its post
    }

    [Theory]
    [InlineData("Users", """<row CreationDate="2016-01-02T10:00:00" DisplayName="x" />""", "Users.xml:6: Id is missing")]
    [InlineData("Users", """<row Id="3" DisplayName="x" />""", "Users.xml:6: CreationDate is missing")]
    [InlineData("Users", """<row Id="99999999999999999999" CreationDate="2016-01-02T10:00:00" DisplayName="x" />""", "Users.xml:6: Id \"99999999999999999999\" is no number")]
    [InlineData("Users", """<row Id="-7" CreationDate="2016-01-02T10:00:00" DisplayName="x" />""", "Users.xml:6: Id \"-7\" is no id")]
    [InlineData("Users", """<row Id="3" CreationDate="yesterday" DisplayName="x" />""", "Users.xml:6: CreationDate \"yesterday\" is no date")]
    [InlineData("Users", """<row Id="3" CreationDate="2016-02-30T10:00:00" DisplayName="x" />""", "Users.xml:6: CreationDate \"2016-02-30T10:00:00\" is no date")]
    [InlineData("Users", """<row Id="3" CreationDate="9999-01-01T10:00:00" DisplayName="x" />""", "Users.xml:6: CreationDate \"9999-01-01T10:00:00\" is in the future")]
    [InlineData("Users", """<row Id="3" CreationDate="0001-01-01T10:00:00" DisplayName="x" />""", "Users.xml:6: CreationDate \"0001-01-01T10:00:00\" is before 1970")]
    [InlineData("Users", """<row Id="2" CreationDate="2016-01-02T10:00:00" DisplayName="x" />""", "Users.xml:6: Id 2 stands on line 5")]
    [InlineData("Users", """<other Id="3" />""", "Users.xml:6: <other> is no row of the dump")]
    [InlineData("Posts", """<row Id="3" PostTypeId="x" />""", "Posts.xml:5: PostTypeId \"x\" is no number")]
    [InlineData("Posts", """<row Id="3" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Body="b" OwnerUserId="1" />""", "Posts.xml:5: Title is missing")]
    [InlineData("Posts", """<row Id="3" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title=" " Body="b" OwnerUserId="1" />""", "Posts.xml:5: Title \" \" is missing or empty")]
    [InlineData("Posts", """<row Id="3" PostTypeId="2" ParentId="77" CreationDate="2016-02-01T10:00:00" Body="b" />""", "Posts.xml:5: ParentId 77")]
    [InlineData("Posts", """<row Id="3" PostTypeId="2" ParentId="2" CreationDate="2016-02-01T10:00:00" Body="b" />""", "Posts.xml:5: ParentId 2")]
    [InlineData("Posts", """<row Id="3" PostTypeId="2" CreationDate="2016-02-01T10:00:00" Body="b" />""", "Posts.xml:5: ParentId is missing")]
    [InlineData("Posts", """<row Id="1" PostTypeId="2" ParentId="1" CreationDate="2016-02-01T10:00:00" Body="b" />""", "Posts.xml:5: Id 1 stands on line 3")]
    [InlineData("Posts", """<row Id="3" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2016-02-01T10:00:00" Title="t" Body="b" />""", "Posts.xml:5: AcceptedAnswerId 2")]
    [InlineData("Comments", """<row Id="2" PostId="77" Text="t" CreationDate="2016-02-03T10:00:00" />""", "Comments.xml:4: PostId 77")]
    [InlineData("Comments", """<row Id="1" PostId="1" Text="t" CreationDate="2016-02-03T10:00:00" />""", "Comments.xml:4: Id 1")]
    [InlineData("Comments", """<row Id="2" PostId="1" CreationDate="2016-02-03T10:00:00" />""", "Comments.xml:4: Text is missing")]
    [InlineData("Votes", """<row Id="3" PostId="1" VoteTypeId="2" CreationDate="" />""", "Votes.xml:5: CreationDate \"\" is no date")]
    [InlineData("Votes", """<row Id="2" PostId="1" VoteTypeId="2" CreationDate="2016-02-03T00:00:00" />""", "Votes.xml:5: Id 2")]
    [InlineData("Votes", """<row Id="3" PostId="1" VoteTypeId="1" CreationDate="2016-02-03T00:00:00" />""", "Votes.xml:5: PostId 1")]
    [InlineData("Badges", """<row Id="2" UserId="77" Name="n" Date="2016-02-03T00:00:00" Class="1" />""", "Badges.xml:4: UserId 77")]
    [InlineData("Badges", """<row Id="2" UserId="-1" Name="n" Date="2016-02-03T00:00:00" Class="1" />""", "Badges.xml:4: UserId -1")]
    [InlineData("Badges", """<row Id="2" UserId="1" Name="n" Date="2016-02-03T00:00:00" Class="9" />""", "Badges.xml:4: Class is none of 1, 2, 3")]
    public async Task A_row_that_cannot_be_is_named_by_file_and_line_and_the_rest_comes_in(string part, string row, string line)
    {
        using var dump = new MadeDump().With(part, row);
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal(0, import.Exit);
        Assert.Contains(line, import.Report, StringComparison.Ordinal);
        Assert.Equal((2, 1, 1), (community.Count("imports/members"), community.Count("imports/replies"), community.Count("imports/comments")));
        Assert.Equal((1, 1, 1), (community.Count("imports/votes"), community.Count("imports/accepted-replies"), community.Count("imports/badges")));
    }

    [Fact]
    public async Task What_hangs_on_a_row_that_was_left_out_is_left_out_with_it()
    {
        using var dump = new MadeDump()
            .With("Posts",
                """<row Id="3" PostTypeId="1" CreationDate="?" Title="t" Body="b" />""",
                """<row Id="4" PostTypeId="2" ParentId="3" CreationDate="2016-02-01T10:00:00" Body="b" />""")
            .With("Comments", """<row Id="2" PostId="4" Text="t" CreationDate="2016-02-03T10:00:00" />""")
            .With("Votes", """<row Id="3" PostId="4" VoteTypeId="2" CreationDate="2016-02-03T00:00:00" />""");
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal((1, 0, 1), import.Of("questions"));
        Assert.Equal((1, 0, 1), import.Of("answers"));
        Assert.Equal((1, 0, 1), import.Of("comments"));
        Assert.Contains("1  votes: on posts that were left out", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authors_that_nobody_knows_are_no_authors()
    {
        using var dump = new MadeDump().With("Posts",
            """<row Id="3" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title="t" Body="b" OwnerUserId="-1" />""",
            """<row Id="4" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title="t" Body="b" OwnerUserId="77" />""",
            """<row Id="5" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title="t" Body="b" />""");
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal(3, community.Items("imports/topics").Count(topic => topic.GetProperty("authorId").ValueKind == JsonValueKind.Null));
        Assert.Contains("1  questions without author: by the system's own user", import.Report, StringComparison.Ordinal);
        Assert.Contains("1  questions without author: by a member that the dump does not tell", import.Report, StringComparison.Ordinal);
        Assert.Contains("1  questions without author: the account was deleted", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_characters_are_taken_out_and_counted_and_the_rest_of_the_text_stays()
    {
        using var dump = new MadeDump()
            .With("Users", """<row Id="3" CreationDate="2016-01-02T10:00:00" DisplayName="&#x1;王&#x7F;&#xA;小明 😀" />""", """<row Id="4" CreationDate="2016-01-02T10:00:00" />""")
            .With("Comments", """<row Id="2" PostId="1" Text="a&#x0;b&#x9;c&#xA;d&#xFFFE;" CreationDate="2016-02-03T10:00:00" />""");
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal(0, import.Exit);
        var ids = new SourceIds("test");
        Assert.Equal("王 小明 😀", community.Find("imports/members", ids.Member(3))?.GetProperty("displayName").GetString());
        Assert.Equal("user4", community.Find("imports/members", ids.Member(4))?.GetProperty("displayName").GetString());
        Assert.Equal("ab\tc\nd", community.Find("imports/comments", ids.Comment(2))?.GetProperty("body").GetString());
        Assert.Contains("4  control characters taken out", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Newer_dumps_write_tags_between_bars()
    {
        using var dump = new MadeDump().With("Posts", """<row Id="3" PostTypeId="1" CreationDate="2016-02-01T10:00:00" Title="t" Body="b" Tags="|c|d|" />""");
        await using var community = await RecordingCommunity.Start();

        await Import(dump, community);

        var tags = community.Find("imports/topics", new SourceIds("test").Post(3))?.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString());
        Assert.Equal(["c", "d"], tags);
    }

    public static TheoryData<string, byte[]?, string> Unreadable() => new()
    {
        { "Votes.xml", null, "Votes.xml is missing in " },
        { "Votes.xml", [], "Votes.xml:1: cannot be read on" },
        { "Votes.xml", "no xml"u8.ToArray(), "Votes.xml:1: cannot be read on" },
        { "Votes.xml", "<votes>\n<row Id=\"1\" PostId=\"2\" VoteTypeId=\"1\" CreationDate=\"2016-02-04\" />\n<row Id=\"2\" Po"u8.ToArray(), "Votes.xml:3: cannot be read on" },
        { "Votes.xml", "<votes>\n<row Id=\"1\" PostId=\"2\" VoteTypeId=\"1\" CreationDate=\"2016-02-04\" />\n"u8.ToArray(), "Votes.xml:3: cannot be read on" },
        { "Votes.xml", "<users>\n</users>"u8.ToArray(), "Votes.xml:1: holds <users>, not <votes>" },
        { "Votes.xml", "<!DOCTYPE votes [<!ENTITY a \"b\">]>\n<votes>&a;</votes>"u8.ToArray(), "Votes.xml:1: cannot be read on" },
        { "Votes.xml", [.. "<votes>\n<row Id=\""u8, 0xFF, .. "\" />\n</votes>"u8], "Votes.xml:2: cannot be read on" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_file_that_cannot_be_read_to_its_end_is_named_and_nothing_is_sent(string name, byte[]? content, string line)
    {
        using var dump = new MadeDump().WithFile(name, content);
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        NothingSent(import, community, line);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(60)]
    [InlineData(4000)]
    public async Task A_truncated_gz_is_named_and_nothing_is_sent(int length)
    {
        using var made = new MadeDump().With("Badges", [.. Enumerable.Range(10, 5000).Select(id => $"""<row Id="{id}" UserId="2" Name="{id * 7919}" Date="2016-02-04T10:00:00.000" Class="3" />""")]);
        var packed = MadeDump.Gzip(made.Content("Badges"));
        using var dump = new MadeDump().WithFile("Badges.xml", (byte[]?)null).WithFile("Badges.xml.gz", packed[..Math.Min(length, packed.Length / 2)]);
        await using var community = await RecordingCommunity.Start();

        NothingSent(await Import(dump, community), community, "Badges.xml.gz");
    }

    [Fact]
    public async Task A_damaged_gz_is_named_and_nothing_is_sent()
    {
        using var made = new MadeDump();
        var packed = MadeDump.Gzip(made.Content("Badges"));
        packed[packed.Length / 2] ^= 0xFF;
        using var dump = new MadeDump().WithFile("Badges.xml", (byte[]?)null).WithFile("Badges.xml.gz", packed);
        await using var community = await RecordingCommunity.Start();

        NothingSent(await Import(dump, community), community, "Badges.xml.gz");
    }

    [Fact]
    public async Task A_whole_gz_is_as_good_as_a_plain_file()
    {
        using var made = new MadeDump();
        using var dump = new MadeDump().WithFile("Badges.xml", (byte[]?)null).WithFile("Badges.xml.gz", MadeDump.Gzip(made.Content("Badges")));
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal((1, 0, 0), import.Of("badges"));
    }

    [Fact]
    public async Task A_thousand_bad_rows_are_counted_and_the_first_hundred_shown()
    {
        using var dump = new MadeDump().With("Users", [.. Enumerable.Range(10, 1000).Select(id => $"""<row Id="{id}" CreationDate="never" />""")]);
        await using var community = await RecordingCommunity.Start();

        var import = await Import(dump, community);

        Assert.Equal((2, 0, 1001), import.Of("members"));
        Assert.Contains("… and 900 more", import.Report, StringComparison.Ordinal);
    }

    private static void NothingSent(Importing import, RecordingCommunity community, string line)
    {
        Assert.Equal(1, import.Exit);
        Assert.Contains(line, import.Report, StringComparison.Ordinal);
        Assert.Contains("Nothing was taken.", import.Report, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", import.Report + import.Errors, StringComparison.Ordinal);
        Assert.Empty(community.Requests);
    }

    private static Task<Importing> Import(MadeDump dump, RecordingCommunity community) =>
        Importing.Run(dump.Write(), community.Address, ct: TestContext.Current.CancellationToken);
}
