using Xunit;

namespace Community.Importer.Tests;

public class SourceIdsTests
{
    private static readonly Guid _domains = new("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

    [Theory]
    [InlineData("www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2")] // RFC 9562, appendix A.4
    [InlineData("python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d")] // the documentation of Python's uuid.uuid5
    public void Names_give_the_version_5_ids_of_published_vectors(string name, string id) =>
        Assert.Equal(new Guid(id), SourceIds.NameBased(_domains, name));

    [Fact]
    public void A_site_decides_its_ids_and_only_its_own()
    {
        Assert.Equal(new SourceIds("ai").Member(8), new SourceIds("ai").Member(8));
        Assert.NotEqual(new SourceIds("ai").Member(8), new SourceIds("cooking").Member(8));
        Assert.NotEqual(new SourceIds("ai").Member(8), new SourceIds("ai").Post(8));
        Assert.Equal(5, new SourceIds("ai").Badge(1).Version);
    }

    [Fact]
    public void The_rule_does_not_change_or_a_second_run_would_find_nothing() =>
        Assert.Equal(new Guid("688c7485-9bbb-569e-80fb-5819054c1333"), new SourceIds("ai.stackexchange.com").Member(8));
}
