using System.Text;
using Community.Importer.Members;
using Xunit;

namespace Community.Importer.Tests;

/// <summary>Members as Ghost exports them, and as others write them down.</summary>
public sealed class MemberFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("members-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_ghost_exports_comes_in_with_addresses_and_instants()
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import("""
            id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers
            6490a1,ann@example.org,"Ann ""The"" Lee, MD","likes
            two lines",true,false,cus_1,2023-05-01T10:00:00.123Z,,"a,b",
            6490a2,bo@example.org,博,,true,true,,2024-02-29 08:30:00,,,Gold
            6490a3,gone@example.org,Gone,,false,false,,2023-05-02T10:00:00.000Z,2023-06-02T10:00:00.000Z,,
            """, community);

        Assert.Equal((0, (2, 0, 1)), (import.Exit, import.Of("members")));
        Assert.Equal(
            [
                ("ann@example.org", "Ann \"The\" Lee, MD", new DateTimeOffset(2023, 5, 1, 10, 0, 0, 123, TimeSpan.Zero)),
                ("bo@example.org", "博", new DateTimeOffset(2024, 2, 29, 8, 30, 0, TimeSpan.Zero))
            ],
            community.Items("imports/members").Select(item => (item.GetProperty("email").GetString(), item.GetProperty("displayName").GetString(), item.GetProperty("joinedAt").GetDateTimeOffset())).Order());
        Assert.Contains("members: deleted there", import.Report, StringComparison.Ordinal);
        Assert.Contains("columns that are not taken: id, note, subscribed_to_emails, complimentary_plan, stripe_customer_id, labels, tiers", import.Report, StringComparison.Ordinal);
        Assert.All(community.Items("imports/members"), item => Assert.NotEqual(Guid.Empty, item.GetProperty("memberId").GetGuid()));
    }

    [Theory]
    [InlineData("Email;Name\r\nann@example.org;Ann\r\n")]
    [InlineData("\uFEFFNAME\tEMAIL\nAnn\tann@example.org")]
    [InlineData("email,name,joined_at\nann@example.org,Ann,\n\n")]
    [InlineData("email\nann@example.org\n")]
    public async Task Lists_of_others_are_read_too(string csv)
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import(csv, community);

        Assert.Equal((0, (1, 0, 0)), (import.Exit, import.Of("members")));
        var member = Assert.Single(community.Items("imports/members"));
        Assert.Equal("ann@example.org", member.GetProperty("email").GetString());
        Assert.Equal(csv.Contains("Ann", StringComparison.Ordinal) ? "Ann" : $"member-{member.GetProperty("memberId").GetGuid().ToString("N")[^8..]}", member.GetProperty("displayName").GetString());
        Assert.Contains("members without an instant, who join now", import.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_a_line_is_told_by_its_number_and_not_by_its_address()
    {
        await using var community = await RecordingCommunity.Start();
        community.Refuse = (_, item) => item.GetProperty("email").GetString()!.Contains(' ', StringComparison.Ordinal) ? ("address-invalid", "This is no e-mail address.") : null;

        var import = await Import("""
            email,name,created_at
            good@example.org,Good,2023-05-01T10:00:00Z
            ,Nobody,2023-05-01T10:00:00Z
            no address@example.org,Spaces,2023-05-01T10:00:00Z
            Good@Example.org,Twice,2023-05-01T10:00:00Z
            late@example.org,Late,2999-05-01T10:00:00Z
            never@example.org,Never,yesterday
            short@example.org
            """, community);

        Assert.Equal((0, (2, 0, 5)), (import.Exit, import.Of("members")));
        Assert.Contains("members.csv:3: email is empty", import.Report, StringComparison.Ordinal);
        Assert.Contains("members.csv:4: This is no e-mail address.", import.Report, StringComparison.Ordinal);
        Assert.Contains("members.csv:5: the same email stands above", import.Report, StringComparison.Ordinal);
        Assert.Contains("members.csv:6: created_at is no instant", import.Report, StringComparison.Ordinal);
        Assert.Contains("members.csv:7: created_at is no instant", import.Report, StringComparison.Ordinal);
        Assert.DoesNotContain("@", import.Report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("03/04/2024")]
    [InlineData("3/4/24")]
    [InlineData("13/04/2024")] // one way only, and still nobody has said which
    [InlineData("04.03.2024")]
    [InlineData("03-04-2024")]
    [InlineData("03/04/2024 10:00:00")]
    [InlineData("Mar 4, 2024")]
    [InlineData("20240304")]
    [InlineData("2024-3-4")]
    [InlineData("2024/03/04")]
    [InlineData("10:00")]
    [InlineData("2024-03-04T10:00:00 PST")]
    public async Task A_date_that_can_be_read_two_ways_is_a_line_in_the_report(string date)
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import($"email,name,created_at\ngood@example.org,Good,2024-03-04\nann@example.org,Ann,\"{date}\"\n", community);

        Assert.Equal((0, (1, 0, 1)), (import.Exit, import.Of("members")));
        Assert.Contains("members.csv:3: created_at is no instant of ISO 8601", import.Report, StringComparison.Ordinal);
        Assert.Equal("good@example.org", Assert.Single(community.Items("imports/members")).GetProperty("email").GetString());
    }

    [Theory]
    [InlineData("2024-03-04", "2024-03-04T00:00:00Z")]
    [InlineData("2024-03-04 10:05", "2024-03-04T10:05:00Z")]
    [InlineData("2024-03-04 10:05:06", "2024-03-04T10:05:06Z")]
    [InlineData("2024-03-04T10:05:06.5Z", "2024-03-04T10:05:06.5Z")]
    [InlineData("2024-03-04T10:05:06+02:00", "2024-03-04T08:05:06Z")]
    [InlineData("2024-03-04 10:05:06 +0200", "2024-03-04T08:05:06Z")]
    [InlineData("2024-03-04 10:05:06 UTC", "2024-03-04T10:05:06Z")]
    public async Task Instants_of_ISO_8601_are_read_in_the_forms_that_programs_write(string date, string instant)
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import($"email,created_at\nann@example.org,{date}\n", community);

        Assert.Equal((0, (1, 0, 0)), (import.Exit, import.Of("members")));
        Assert.Equal(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture), Assert.Single(community.Items("imports/members")).GetProperty("joinedAt").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("03/04/2024", "dd/MM/yyyy", "2024-04-03T00:00:00Z")]
    [InlineData("03/04/2024", "MM/dd/yyyy", "2024-03-04T00:00:00Z")]
    [InlineData("2024-03-04T10:00:00Z", "dd/MM/yyyy", null)]
    public async Task A_format_that_is_named_is_the_one_that_counts(string date, string format, string? instant)
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import($"email,created_at\nann@example.org,{date}\n", community, format);

        Assert.Equal((0, (instant is null ? 0 : 1, 0, instant is null ? 1 : 0)), (import.Exit, import.Of("members")));
        Assert.Equal(
            instant is null ? [] : [DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture)],
            community.Items("imports/members").Select(item => item.GetProperty("joinedAt").GetDateTimeOffset()));
    }

    [Theory]
    [InlineData("dd/MM/yyyy", true)]
    [InlineData("MM/dd/yyyy HH:mm", true)]
    [InlineData("yyyy-MM", false)]
    [InlineData("dd/MM", false)]
    [InlineData("%", false)]
    [InlineData("", false)]
    public void A_format_names_a_day(string format, bool does) => Assert.Equal(does, MemberFile.NamesADay(format));

    [Theory]
    [InlineData("", "members.csv is empty.")]
    [InlineData("name,mail\nAnn,ann@example.org", "members.csv:1: has no column email; the first line names the columns.")]
    [InlineData("email,name\nann@example.org,\"Ann\nbo@example.org,Bo\n", "members.csv:2: cannot be read on.")]
    [InlineData("email,name\nann@example.org,An\"n\n", "members.csv:2: cannot be read on.")]
    public async Task What_is_no_such_list_is_refused_whole(string csv, string reason)
    {
        await using var community = await RecordingCommunity.Start();

        var import = await Import(csv, community);

        Assert.Equal(1, import.Exit);
        Assert.StartsWith(reason, import.Errors, StringComparison.Ordinal);
        Assert.Empty(community.Requests);
    }

    [Fact]
    public async Task What_is_no_text_or_not_there_is_refused()
    {
        await using var community = await RecordingCommunity.Start();
        var latin = Path.Combine(_directory, "latin.csv");
        await File.WriteAllBytesAsync(latin, Encoding.Latin1.GetBytes("email,name\nzoe@example.org,Zo\u00eb\n"), Ct);

        Assert.Contains("is no UTF-8", (await Of(latin, community)).Errors, StringComparison.Ordinal);
        Assert.Contains("absent.csv cannot be opened", (await Of(Path.Combine(_directory, "absent.csv"), community)).Errors, StringComparison.Ordinal);
        Assert.Empty(community.Requests);
    }

    private async Task<Importing> Import(string csv, RecordingCommunity community, string? dates = null)
    {
        var path = Path.Combine(_directory, "members.csv");
        await File.WriteAllTextAsync(path, csv, Ct);

        return await Of(path, community, dates);
    }

    private static Task<Importing> Of(string path, RecordingCommunity community, string? dates = null) =>
        Importing.Run((report, ct) => new MemberFile(path, TimeProvider.System, report) { Dates = dates }.Survey(ct), community.Address, ct: Ct);
}
