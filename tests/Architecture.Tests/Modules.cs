namespace Community.Architecture.Tests;

/// <summary>A service is a list of modules, and a module is a folder that registers itself.</summary>
public sealed class Modules
{
    private const int LongestProgram = 40;

    /// <summary>What docs/architecture.md draws: a folder that is not here is a module that nobody has written down.</summary>
    private static readonly IReadOnlyDictionary<string, string[]> Known = new Dictionary<string, string[]>
    {
        ["Membership"] = ["Accounts", "Departures", "Imports", "Invitations", "Mail", "Members", "Providers", "Roles", "Settings", "Setup", "Suspensions", "Tiers", "Tokens"],
        ["Payments"] =
            ["Catalogue", "Chargebacks", "Charging", "Creators", "Gateways", "Invoices", "Ledger", "Orders", "Reconciliation", "Referrals", "Refunds", "Rewards", "Subscriptions"],
        ["Content"] = ["Access", "Discussions", "Engagement", "Imports", "Publishing", "Updates"],
        ["Incentives"] = ["AntiAbuse", "Badges", "Leaderboards", "Levels", "Points", "Rewards", "Rules", "Simulation"],
        ["Analytics"] =
            ["Activity", "Contents", "Decisions", "Exports", "Forecasts", "Funnels", "Ingestion", "Recommendations", "Retention", "Revenue", "Survival"]
    };

    public static TheoryData<string> Services => [.. Known.Keys];

    [Theory]
    [MemberData(nameof(Services))]
    public void The_folders_of_a_service_are_its_modules(string service) => Assert.Equal(
        Known[service],
        Directory.GetDirectories(Path.Combine(Repository.Root, "services", service)).Select(path => Path.GetFileName(path))
            .Except(["bin", "obj", "Properties"]).Order(StringComparer.Ordinal));

    /// <summary>Its usings name the modules once more, and are not counted.</summary>
    [Theory]
    [MemberData(nameof(Services))]
    public void A_program_is_a_list_of_modules(string service)
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "services", service, "Program.cs"))
            .Where(line => !line.StartsWith("using ", StringComparison.Ordinal)).ToList();
        Assert.InRange(lines.Count, 10, LongestProgram - 1);
        Assert.DoesNotContain(lines, line => line.Contains("ConfigureStore", StringComparison.Ordinal) || line.Contains(".Services.Add", StringComparison.Ordinal));
    }

    [Fact]
    public void The_folder_of_services_holds_services_and_nothing_else() => Assert.Equal(
        Known.Keys.Order(StringComparer.Ordinal),
        Directory.GetDirectories(Path.Combine(Repository.Root, "services")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
}
