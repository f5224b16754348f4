using System.Xml.Linq;

namespace Community.Architecture.Tests;

/// <summary>A csproj is its service's dependency diagram; this holds it to docs/architecture.md.</summary>
public sealed class ProjectReferences
{
    private static readonly string[] Services = ["Membership", "Payments", "Content", "Incentives", "Analytics"];
    private static readonly string[] Libraries = ["EventStore", "Messaging", "Privacy", "Web"];

    public static TheoryData<string> Names(string kind) => [.. kind == "services" ? Services : Services.Except(["Analytics"])];

    [Theory]
    [MemberData(nameof(Names), "services")]
    public void A_service_knows_the_libraries_and_contracts_and_no_other_service(string service) =>
        Assert.All(References($"services/{service}/{service}.csproj"), reference =>
            Assert.True(Libraries.Contains(reference) || reference.EndsWith(".Contracts", StringComparison.Ordinal), reference));

    [Theory]
    [MemberData(nameof(Names), "publishers")]
    public void Contracts_reference_nothing(string service) =>
        Assert.Empty(Elements($"contracts/{service}.Contracts/{service}.Contracts.csproj", "ProjectReference", "PackageReference", "FrameworkReference"));

    [Fact]
    public void The_event_store_knows_no_bus_and_the_defaults_know_no_database()
    {
        Assert.Empty(References("libraries/EventStore/EventStore.csproj"));
        Assert.Equal(["EventStore"], References("libraries/Messaging/Messaging.csproj"));
        Assert.Empty(References("ServiceDefaults/ServiceDefaults.csproj"));
        Assert.Equal(["EventStore", "ServiceDefaults"], References("libraries/Web/Web.csproj").Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Elements("libraries/EventStore/EventStore.csproj", "PackageReference"), p => p.StartsWith("MassTransit", StringComparison.Ordinal));
        Assert.DoesNotContain(Elements("ServiceDefaults/ServiceDefaults.csproj", "PackageReference"), p => p is "Marten" or "Npgsql" or "Dapper");
    }

    [Theory]
    [InlineData("Portal")]
    [InlineData("Importer")]
    public void The_portal_and_the_importer_are_clients_like_any_other(string client) =>
        Assert.Empty(References($"clients/{client}/{client}.csproj").Except(["Community.Client", "Markup", "ServiceDefaults"]));

    private static List<string> References(string project) =>
        [.. Elements(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))];

    private static List<string> Elements(string project, params string[] names) =>
        [.. XDocument.Load(Path.Combine(Repository.Root, project)).Descendants()
            .Where(element => names.Contains(element.Name.LocalName)).Select(element => element.Attribute("Include")?.Value).OfType<string>()];
}

internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string directory) =>
        File.Exists(Path.Combine(directory, "Community.sln")) ? directory : Find(Path.GetDirectoryName(directory)!);
}
